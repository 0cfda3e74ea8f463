import { z } from 'zod';
import { exchanges, modelRecord } from '../../transport/payloads.ts';
import { callerOf, type ApiContext } from '../api-context.ts';
import { answers } from '../schemas.ts';

const modelId = exchanges.modelShow.request.shape.model.describe('Id of a model, or enough of its beginning');
const params = z.object({ id: modelId });
const tags = ['models'];
/** Evaluations of many classes are read whole, and a report holds photos. */
const compareTimeoutMs = 60_000;
/** Its own page, of no origin: whatever a report holds, it cannot ask this API for anything. */
const reportPolicy =
  "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'self'";

/** The registry of models. */
export function modelRoutes(context: ApiContext): void {
  lookRoutes(context);
  actRoutes(context);
}

function lookRoutes({ app, gateway }: ApiContext): void {
  const config = { role: 'viewer' } as const;
  app.get(
    '/models',
    {
      config,
      schema: {
        tags,
        summary: 'Lists the models, and which one is in use',
        response: answers(exchanges.modelList.reply),
      },
    },
    () => gateway().ask('modelList', {}, {}),
  );
  app.get(
    '/models/:id',
    {
      config,
      schema: {
        tags,
        summary: 'A model: its blocks, its evaluation, where it comes from',
        params,
        response: answers(z.object({ model: modelRecord, active: z.boolean() })),
      },
    },
    ({ params: { id } }) => gateway().ask('modelShow', {}, { model: id }),
  );
  app.get(
    '/models/:id/diff/:other',
    {
      config,
      schema: {
        tags,
        summary: 'Which classes another model is better or worse at',
        params: params.extend({ other: modelId }),
        response: answers(exchanges.modelDiff.reply),
      },
    },
    ({ params: { id: before, other: after } }) =>
      gateway().ask('modelDiff', {}, { before, after }, { timeoutMs: compareTimeoutMs }),
  );
  app.get(
    '/models/:id/report',
    {
      config: { ...config, binary: 'text/html' },
      schema: { tags, summary: 'Report of an evaluation, HTML', params },
    },
    async ({ params: { id } }, reply) => {
      const { html } = await gateway().ask('modelReport', {}, { model: id }, { timeoutMs: compareTimeoutMs });
      void reply.header('content-security-policy', reportPolicy).type('text/html; charset=utf-8');
      return reply.send(Buffer.from(html.buffer, html.byteOffset, html.length));
    },
  );
}

function actRoutes({ app, gateway }: ApiContext): void {
  const config = { role: 'operator' } as const;
  const { models: ids, force, margin } = exchanges.modelActivate.request.shape;
  app.post(
    '/models/:id/activate',
    {
      config,
      schema: {
        tags,
        summary: 'Puts a model in use',
        params,
        body: z
          .object({ with: ids.optional().describe('Models to put beside it'), force, margin })
          .prefault({}),
        response: answers(exchanges.modelActivate.reply),
      },
    },
    (request) => {
      const { with: others = [], ...rest } = request.body;
      const models = [request.params.id, ...others];
      return gateway().ask('modelActivate', {}, { models, ...rest }, actOf(request));
    },
  );
  app.post(
    '/models/rollback',
    {
      config,
      schema: {
        tags,
        summary: 'Puts the model before in use again',
        response: answers(exchanges.modelRollback.reply),
      },
    },
    (request) => gateway().ask('modelRollback', {}, {}, actOf(request)),
  );
  app.delete(
    '/models/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Removes a model that is not in use',
        params,
        response: answers(exchanges.modelRemove.reply),
      },
    },
    (request) => gateway().ask('modelRemove', {}, { model: request.params.id }, actOf(request)),
  );
}

function actOf(request: Parameters<typeof callerOf>[0]) {
  return { by: callerOf(request), timeoutMs: compareTimeoutMs };
}
