import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Fault, reasonOf, type FaultCode } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** Statuses of faults for which their disposition alone would say too little. */
const statuses: Partial<Record<FaultCode, number>> = {
  TOKEN_MISSING: 401,
  TOKEN_UNKNOWN: 401,
  ROLE_MISSING: 403,
  NATS_DENIED: 403,
  ORIGIN_REFUSED: 403,
  FETCH_REFUSED: 403,
  NOT_FOUND: 404,
  ACTOR_UNKNOWN: 404,
  RUN_ACTIVE: 409,
  RUN_OVER: 409,
  MODEL_WORSE: 409,
  MODEL_IN_USE: 409,
  SCHEDULE_EXISTS: 409,
  SCHEDULES_FULL: 409,
  PHOTO_TOO_LARGE: 413,
  PHOTO_TOO_MANY_PIXELS: 413,
  UPLOAD_TOO_LARGE: 413,
  PHOTO_FORMAT: 415,
  HOST_UNKNOWN: 421,
  QUEUE_FULL: 429,
  MAILBOX_FULL: 429,
  RATE_LIMIT: 429,
  UPLOADS_FULL: 429,
  INTERNAL: 500,
  RECORD_UNREADABLE: 500,
  OBJECT_DAMAGED: 500,
  MODEL_DAMAGED: 500,
  FETCH_FAILED: 502,
};

const wrongInput = 400;
const away = 503;
const retryAfterSeconds = 1;

/** The status of a fault: by default 400 for what will never succeed, 503 for what may later. */
export function statusOf({ code, disposition }: Fault): number {
  return statuses[code] ?? (disposition === 'retry' ? away : wrongInput);
}

/** A fault as it is answered, alone or among the photos of an upload. */
export function errorOf({ code, message, disposition }: Fault) {
  return { code, message, retry: disposition === 'retry' };
}

/** Answers a fault, with the headers that belong to its status, and with whatever else there is to say. */
export function sendFault(
  reply: FastifyReply,
  fault: Fault,
  status = statusOf(fault),
  more: object = {},
): FastifyReply {
  // The rest of what is too large is not read.
  if (status === 413) void reply.header('connection', 'close');
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="autotag"');
  if ((status === 429 || status === away) && !reply.hasHeader('retry-after'))
    void reply.header('retry-after', fault.details['seconds'] ?? retryAfterSeconds);
  return reply
    .code(status)
    .type('application/json')
    .send({ error: errorOf(fault), ...more });
}

/** Answers whatever was thrown; what nobody expected goes to the log, and its words to nobody else. */
export function errorHandler(log: Log) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return sendFault(reply, ...refusal);
    const { method, routeOptions } = request;
    log.error({ fault: Fault.from(error).toWire(), method, route: routeOptions.url }, 'a request failed');
    return sendFault(reply, new Fault('INTERNAL', { reason: 'the log of the node says what' }));
  };
}

/** What a route or the HTTP server has thrown on purpose, and its status; `undefined` for what is nobody's purpose. */
function refusalOf(error: unknown): [Fault, number] | undefined {
  if (error instanceof Fault) return error.code === 'INTERNAL' ? undefined : [error, statusOf(error)];
  if (hasZodFastifySchemaValidationErrors(error)) return [shapeFault(error), wrongInput];
  if (!(error instanceof Error && 'statusCode' in error)) return undefined;
  const status = Number(error.statusCode);
  if (!(status >= 400 && status < 500)) return undefined;
  return [new Fault('REQUEST_INVALID', { reason: reasonOf(error) }, error), status];
}

function shapeFault({
  validation,
  validationContext,
}: Pick<FastifyError, 'validation' | 'validationContext'>): Fault {
  const [problem] = validation ?? [];
  const path = (problem?.instancePath ?? '').split('/').filter((part) => part !== '');
  const where = [validationContext ?? 'request', ...path].join('.');
  return new Fault('REQUEST_INVALID', { reason: `${where}: ${problem?.message ?? 'wrong shape'}` });
}
