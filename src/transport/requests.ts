import { Packr } from 'msgpackr';
import { ErrorCode, NatsError, RequestStrategy, type Msg } from 'nats';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import { callerHeaders, callerOf } from './caller.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { wireFault, type Exchange } from './payloads.ts';
import { subjectOf, subjects, type RequestName, type SubjectTokens } from './subjects.ts';

/** What a caller of the request subject `Name` passes (defaults may be left out). */
export type RequestOf<Name extends RequestName> = z.input<(typeof subjects)[Name]['exchange']['request']>;
/** What its handler receives. */
export type HandledOf<Name extends RequestName> = z.output<(typeof subjects)[Name]['exchange']['request']>;
/** What it answers. */
export type ReplyOf<Name extends RequestName> = z.output<(typeof subjects)[Name]['exchange']['reply']>;

/**
 * Answers one request; what it throws reaches the caller as a fault.
 * @param caller - who asks, as an operator's client says; nobody has checked it
 */
export type Handler<Name extends RequestName> = (
  request: HandledOf<Name>,
  tokens: SubjectTokens<Name>,
  caller: string | undefined,
) => Promise<ReplyOf<Name>>;

/** How to serve. */
export interface ServeOptions {
  /** Of the subscribers of one group one answers; without it all do. */
  readonly queueGroup?: string;
  /** Requests at once; more are refused with `MAILBOX_FULL`. Default 64. */
  readonly maxInFlight?: number;
  /** Told when the server refuses the subscription. */
  readonly onTrouble?: (fault: Fault) => void;
}

/** A served subject. */
export interface Served {
  /** Resolves when the server knows of it. */
  readonly ready: Promise<void>;
  /** Takes no more requests; resolves when the current ones are answered. */
  stop(): Promise<void>;
}

const defaultTimeoutMs = 5_000;
const defaultMaxRequestBytes = 1024 * 1024;
const envelopeBytes = 1024;
const timedOut: string = ErrorCode.Timeout;

// No records: structure definitions would make one message depend on another.
const packr = new Packr({ useRecords: false });

const answerFrame = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), fault: wireFault }),
]);

/**
 * Sends a request and waits for its answer.
 * @param caller - on whose behalf an operator asks, for the audit log; by default this process's user
 * @throws Fault `NODE_UNAVAILABLE` (nobody answers, or not in time), `NATS_DENIED`, `NATS_UNREACHABLE`,
 * `REQUEST_INVALID`, or whatever the handler threw
 */
export async function request<Name extends RequestName>(
  connection: Connection,
  name: Name,
  tokens: SubjectTokens<Name>,
  value: RequestOf<Name>,
  timeoutMs = defaultTimeoutMs,
  caller?: string,
): Promise<ReplyOf<Name>> {
  const subject = subjectOf(name, tokens);
  const payload = packRequest(connection, name, value);
  try {
    const answer = clientOf(connection).request(subject, payload, {
      timeout: timeoutMs,
      // Who acts on a cluster is written down.
      ...(connection.role === 'operator' ? { headers: callerHeaders(caller) } : {}),
    });
    return openAnswer(name, await connection.orBroken(answer));
  } catch (error) {
    throw unanswered(connection, error, subject);
  }
}

/**
 * Sends a request of which nobody answers. It comes after what was sent to the same subject before.
 * @throws Fault `REQUEST_INVALID`, `NATS_UNREACHABLE` while the connection is broken
 */
export function post<Name extends RequestName>(
  connection: Connection,
  name: Name,
  tokens: SubjectTokens<Name>,
  value: RequestOf<Name>,
): void {
  const { url } = connection;
  if (!connection.connected) throw new Fault('NATS_UNREACHABLE', { url, reason: 'the connection is broken' });
  clientOf(connection).publish(subjectOf(name, tokens), packRequest(connection, name, value));
}

/**
 * Sends a request to everybody who serves the subject, and collects what comes until `quietMs` pass without an answer.
 * Answers that are faults are left out.
 * @throws Fault `NODE_UNAVAILABLE` (nobody answers), `NATS_DENIED`, `REQUEST_INVALID`
 */
export async function gather<Name extends RequestName>(
  connection: Connection,
  name: Name,
  tokens: SubjectTokens<Name>,
  value: RequestOf<Name>,
  quietMs = 300,
): Promise<ReplyOf<Name>[]> {
  const subject = subjectOf(name, tokens);
  const payload = packRequest(connection, name, value);
  const replies: ReplyOf<Name>[] = [];
  try {
    const answers = await clientOf(connection).requestMany(subject, payload, {
      strategy: RequestStrategy.JitterTimer,
      jitter: quietMs,
      maxWait: defaultTimeoutMs,
    });
    for await (const answer of answers) {
      try {
        replies.push(openAnswer(name, answer));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
  } catch (error) {
    throw unanswered(connection, error, subject);
  }
  if (replies.length === 0) throw new Fault('NODE_UNAVAILABLE', { subject });
  return replies;
}

/** Answers requests on a subject; `'*'` as a token takes any. */
export function serve<Name extends RequestName>(
  connection: Connection,
  name: Name,
  tokens: SubjectTokens<Name>,
  handler: Handler<Name>,
  options: ServeOptions = {},
): Served {
  const { queueGroup, maxInFlight = 64, onTrouble = () => undefined } = options;
  const inFlight = new Set<Promise<void>>();
  const pattern = patternOf(name, tokens);
  const subscription = clientOf(connection).subscribe(pattern, {
    ...(queueGroup === undefined ? {} : { queue: queueGroup }),
    callback: (error, message) => {
      if (error !== null) {
        onTrouble(connection.fault(error, pattern));
        return;
      }
      const work =
        inFlight.size < maxInFlight ? handle(name, handler, message) : overloaded(name, maxInFlight);
      const done = work.then((answer) => {
        respond(connection, message, answer);
        inFlight.delete(done);
      });
      inFlight.add(done);
    },
  });
  return {
    ready: connection.flush(),
    stop: async () => {
      subscription.unsubscribe();
      await Promise.all(inFlight);
    },
  };
}

async function handle<Name extends RequestName>(
  name: Name,
  handler: Handler<Name>,
  message: Msg,
): Promise<object> {
  try {
    const exchange: Exchange = subjects[name].exchange;
    const tokens = tokensOf(name, message.subject);
    checkRequestBytes(exchange, message.data.length);
    const given = checked(exchange.request, unpack(message.data));
    const value = await handler(given as HandledOf<Name>, tokens, callerOf(message));
    return { ok: true, value: checked(exchange.reply, value) };
  } catch (error) {
    return { ok: false, fault: Fault.from(error).toWire() };
  }
}

function overloaded(name: RequestName, limit: number): Promise<object> {
  const fault = new Fault('MAILBOX_FULL', { name: subjects[name].pattern, limit });
  return Promise.resolve({ ok: false, fault: fault.toWire() });
}

function respond(connection: Connection, message: Msg, answer: object): void {
  if (!connection.connected) return;
  const packed = packr.pack(answer);
  const limit = connection.maxPayload - envelopeBytes;
  if (packed.length <= limit) {
    message.respond(packed);
    return;
  }
  const reason = `the answer has ${String(packed.length)} bytes, more than ${String(limit)}; ask for less`;
  message.respond(packr.pack({ ok: false, fault: new Fault('REQUEST_INVALID', { reason }).toWire() }));
}

function packRequest({ maxPayload }: Connection, name: RequestName, value: unknown): Uint8Array {
  const exchange: Exchange = subjects[name].exchange;
  const packed = packr.pack(checked(exchange.request, value));
  checkRequestBytes(exchange, packed.length, maxPayload - envelopeBytes);
  return packed;
}

function checkRequestBytes(
  { maxRequestBytes = defaultMaxRequestBytes }: Exchange,
  length: number,
  maxPayload = Infinity,
): void {
  if (length <= Math.min(maxRequestBytes, maxPayload)) return;
  throw new Fault('REQUEST_INVALID', { reason: `it has ${String(length)} bytes; ask for less at once` });
}

function openAnswer<Name extends RequestName>(name: Name, message: Msg): ReplyOf<Name> {
  const frame = checked(answerFrame, unpack(message.data));
  if (!frame.ok) throw Fault.fromWire(frame.fault);
  const exchange: Exchange = subjects[name].exchange;
  return checked(exchange.reply, frame.value) as ReplyOf<Name>;
}

function unpack(data: Uint8Array): unknown {
  if (data.length === 0) return {};
  try {
    return packr.unpack(data);
  } catch (error) {
    throw new Fault('REQUEST_INVALID', { reason: 'its payload is not msgpack' }, error);
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new Fault('REQUEST_INVALID', {
    reason: `${where === '' ? '' : `${where}: `}${issue?.message ?? 'wrong shape'}`,
  });
}

function unanswered(connection: Connection, error: unknown, subject: string): Fault {
  const fault = connection.fault(error, subject);
  const lost = fault.code === 'NATS_UNREACHABLE' && connection.connected;
  return lost ? new Fault('NODE_UNAVAILABLE', { subject }, error) : fault;
}

/** Whether a request found somebody, who did not answer in time; otherwise nobody was there. */
export function wasHeard({ code, cause }: Fault): boolean {
  return code === 'NODE_UNAVAILABLE' && cause instanceof NatsError && cause.code === timedOut;
}

function patternOf(name: RequestName, tokens: Readonly<Record<string, string>>): string {
  return subjects[name].pattern.replace(/\{(\w+)\}/g, (_, key: string) => tokens[key] ?? '*');
}

// The pattern and the subject have their tokens in the same places.
function tokensOf<Name extends RequestName>(name: Name, subject: string): SubjectTokens<Name> {
  const actual = subject.split('.');
  const open = subjects[name].pattern
    .split('.')
    .map((part, place) => [/^\{(\w+)\}$/.exec(part)?.[1], actual[place]] as const)
    .filter(([key]) => key !== undefined);
  return Object.fromEntries(open) as SubjectTokens<Name>;
}
