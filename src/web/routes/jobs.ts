import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { runFailure, runRecord } from '../../transport/payloads.ts';
import type { RunRecord } from '../../transport/payloads.ts';
import { runId, runSpec } from '../../transport/run-spec.ts';
import { callerOf, type ApiContext } from '../api-context.ts';
import type { Gateway } from '../gateway.ts';
import { answers, numberIn } from '../schemas.ts';

const job = runRecord.extend({ spec: z.unknown(), detail: z.unknown().optional() }).meta({ id: 'Job' });
const params = z.object({ id: runId });
const tags = ['jobs'];
/** A node may have to find out first what of the run is there. */
const actTimeoutMs = 20_000;

/** Runs: trainings, taggings of files, scoring again. */
export function jobRoutes(context: ApiContext): void {
  const { app, gateway } = context;
  app.get(
    '/jobs',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Lists the jobs that are remembered, the latest first',
        response: answers(z.object({ jobs: z.array(job) })),
      },
    },
    async () => {
      const { runs } = await gateway().ask('runList', {}, {});
      return { jobs: runs.sort((a, b) => b.startedAt - a.startedAt) };
    },
  );
  app.get(
    '/jobs/:id',
    {
      config: { role: 'viewer' },
      schema: { tags, summary: 'How far a job is, or what it came to', params, response: answers(job) },
    },
    ({ params: { id } }) => find(gateway(), id),
  );
  failureRoutes(context);
  startRoutes(context);
  actRoutes(context);
}

function failureRoutes({ app, gateway }: ApiContext): void {
  app.get(
    '/jobs/:id/failures',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Lists photos and lines that a job has no tags for, each with the reason',
        params,
        querystring: z.object({
          after: numberIn(0, Number.MAX_SAFE_INTEGER).default(0).describe('`next` of the page before'),
        }),
        response: answers(z.object({ failures: z.array(runFailure), next: z.int().min(0).optional() })),
      },
    },
    async ({ params: { id }, query: { after } }) => {
      const { id: run, node } = await find(gateway(), id);
      return await gateway().ask('runFailures', { node }, { run, after });
    },
  );
}

function startRoutes({ app, gateway }: ApiContext): void {
  app.post(
    '/jobs',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Starts a job',
        querystring: z.object({
          node: z
            .string()
            .max(64)
            .optional()
            .describe('The node that has the files; the first that takes jobs'),
        }),
        body: runSpec.meta({ examples: [{ kind: 'rescore', which: 'stale' }] }),
        response: answers(job, 202),
      },
    },
    async (request, reply) =>
      reply.code(202).send(await gateway().startRun(request.body, request.query.node, callerOf(request))),
  );
}

function actRoutes({ app, gateway }: ApiContext): void {
  const halts = [
    ['cancel', 'runCancel', 'Ends a job; what it has done is kept'],
    ['pause', 'runPause', 'Has a job rest until it is resumed'],
  ] as const;
  for (const [act, subject, summary] of halts)
    app.post(
      `/jobs/:id/${act}`,
      { config: { role: 'operator' }, schema: { tags, summary, params, response: answers(job) } },
      async (request) => {
        const { id: run } = await find(gateway(), request.params.id);
        return await gateway().ask(subject, {}, { run }, { by: callerOf(request), timeoutMs: actTimeoutMs });
      },
    );
  app.post(
    '/jobs/:id/resume',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Goes on with a job that failed, was cancelled or paused',
        params,
        response: answers(job),
      },
    },
    async (request) => {
      const { id: run, node } = await find(gateway(), request.params.id);
      const options = { by: callerOf(request), timeoutMs: actTimeoutMs };
      return await gateway().ask('runResume', { node }, { run }, options);
    },
  );
}

/** @throws Fault `NOT_FOUND` */
async function find(gateway: Gateway, id: string): Promise<RunRecord> {
  const { runs } = await gateway.ask('runList', {}, { run: id });
  if (runs[0] === undefined) throw new Fault('NOT_FOUND', { what: 'job', id });
  return runs[0];
}
