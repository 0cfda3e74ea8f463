import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { mayAs } from '../../transport/api-token.ts';
import type { ApiContext } from '../api-context.ts';
import { topics, type ClusterEvent, type Topic } from '../event-hub.ts';

const listenersAtMost = 256;
const heartbeatMs = 15_000;
/** What a reader may be behind, in bytes; one that is further behind is cut off, and may come again. */
const behindAtMost = 1024 * 1024;
const separator = ',';

const wanted = z
  .string()
  .max(64)
  .default(topics.join(separator))
  .transform((text) => text.split(separator))
  .pipe(z.array(z.enum(topics)).min(1));

/** Events as they happen. */
export function eventRoutes(context: ApiContext): void {
  const { app, gateway } = context;
  let listeners = 0;
  app.get(
    '/events',
    {
      config: { role: 'viewer', binary: 'text/event-stream' },
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Server-sent events: `result`, `job`, `cluster`',
        querystring: z.object({
          topics: wanted.describe('Some of results, jobs, cluster; separated by commas'),
        }),
        headers: z.looseObject({ 'last-event-id': z.string().max(128).optional() }),
      },
    },
    (request, reply) => {
      // Gone while it was found out who it is: its end would not be heard of.
      if (reply.raw.closed) return;
      if (listeners >= listenersAtMost) throw new Fault('RATE_LIMIT', { seconds: heartbeatMs / 1000 });
      const { events } = gateway();
      const stream = open(reply);
      const after = request.headers['last-event-id'];
      listeners += 1;
      const stop = events.listen(new Set<Topic>(request.query.topics), stream, after);
      const heartbeat = setInterval(() => {
        void stillMay(context, request).then((may) => {
          if (may) stream.comment();
          else stream.end();
        });
      }, heartbeatMs);
      reply.raw.once('close', () => {
        listeners -= 1;
        clearInterval(heartbeat);
        stop();
      });
    },
  );
}

/** A token may have been removed since. */
async function stillMay({ access }: ApiContext, request: FastifyRequest): Promise<boolean> {
  try {
    return mayAs((await access.principal(request)).role, 'viewer');
  } catch {
    return false;
  }
}

/** Begins to answer; from then on the response is written to as events come. */
function open(reply: FastifyReply) {
  reply.hijack();
  const { raw } = reply;
  const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
  raw.writeHead(200, { ...reply.getHeaders(), ...headers } as Record<string, string>);
  const write = (text: string) => {
    if (raw.writableEnded || raw.destroyed) return;
    if (raw.writableLength > behindAtMost) raw.destroy();
    else raw.write(text);
  };
  write(': hello\n\n');
  return {
    tell: ({ id, event, data }: ClusterEvent) => {
      write(`id: ${id}\nevent: ${event}\ndata: ${data}\n\n`);
    },
    comment: () => {
      write(': \n\n');
    },
    end: () => raw.end(),
  };
}
