import { z } from 'zod';
import { exchanges } from '../../transport/payloads.ts';
import type { DeadSelection } from '../../transport/payloads.ts';
import { callerOf, type ApiContext } from '../api-context.ts';
import { Fault } from '../../base/errors.ts';
import { answers, flag, numberIn } from '../schemas.ts';

const sequence = numberIn(1, Number.MAX_SAFE_INTEGER);
const tags = ['dead letters'];
/** Which: `all`, those of one photo, or some by number. */
const selection = z.object({
  all: flag.describe('All of them'),
  id: z.string().optional().describe('Those of this photo'),
  sequences: z
    .string()
    .regex(/^\d{1,15}(,\d{1,15})*$/, 'is no list of numbers')
    .max(16_000)
    .optional()
    .describe('By their numbers: `17,18`'),
});
/** Retrying thousands of letters moves all of their bytes. */
const actTimeoutMs = 60_000;

/** Photos that were given up. */
export function deadLetterRoutes(context: ApiContext): void {
  const { app, gateway } = context;
  app.get(
    '/dead-letters',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Lists photos that were given up, oldest first',
        querystring: z.object({
          limit: numberIn(1, 1000).default(100),
          after: numberIn(0, Number.MAX_SAFE_INTEGER).default(0).describe('`next` of the page before'),
          id: z.string().optional().describe('Only those of this photo'),
        }),
        response: answers(exchanges.deadList.reply),
      },
    },
    ({ query }) => gateway().ask('deadList', {}, query),
  );
  app.get(
    '/dead-letters/:sequence/photo',
    {
      config: { role: 'operator', binary: 'application/octet-stream' },
      schema: { tags, summary: 'Bytes of a photo that was given up', params: z.object({ sequence }) },
    },
    async ({ params }, reply) => {
      const { photo } = await gateway().ask('deadShow', {}, params, { timeoutMs: actTimeoutMs });
      void reply.header('content-disposition', 'attachment').type('application/octet-stream');
      return reply.send(Buffer.from(photo.buffer, photo.byteOffset, photo.length));
    },
  );
  actRoutes(context);
}

function actRoutes({ app, gateway }: ApiContext): void {
  app.post(
    '/dead-letters/retry',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Queues photos again that were given up',
        querystring: selection,
        response: answers(exchanges.deadRetry.reply),
      },
    },
    (request) => gateway().ask('deadRetry', {}, selected(request.query), actOf(request)),
  );
  app.delete(
    '/dead-letters',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Erases photos that were given up',
        querystring: selection,
        response: answers(exchanges.deadRemove.reply),
      },
    },
    (request) => gateway().ask('deadRemove', {}, selected(request.query), actOf(request)),
  );
}

function actOf(request: Parameters<typeof callerOf>[0]) {
  return { by: callerOf(request), timeoutMs: actTimeoutMs };
}

/** @throws Fault `REQUEST_INVALID` unless it is exactly one */
function selected({ all, id, sequences }: z.output<typeof selection>): DeadSelection {
  const given: DeadSelection[] = [
    ...(all ? [{ all: true as const }] : []),
    ...(id === undefined ? [] : [{ id }]),
    ...(sequences === undefined ? [] : [{ sequences: sequences.split(',').map(Number) }]),
  ];
  const [first] = given;
  if (first !== undefined && given.length === 1) return first;
  throw new Fault('REQUEST_INVALID', { reason: 'say which: either all, or id, or sequences' });
}
