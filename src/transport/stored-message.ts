import { DirectMsgHeaders } from 'nats';
import { Fault } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { isNotFound } from './nats-faults.ts';

/** One message of a stream. */
export interface StoredMessage {
  readonly sequence: number;
  /** When it was stored, ms since the epoch. */
  readonly storedAt: number;
  /** Value of a header, '' if it has none of that name. */
  readonly header: (name: string) => string;
  /** The payload, alone in its buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Which message, as the server's API puts it. */
type StoredQuery =
  | { readonly seq: number }
  | { readonly seq: number; readonly next_by_subj: string }
  | { readonly last_by_subj: string };

// Enough for the largest photo on a slow line.
const readTimeoutMs = 60_000;
const connectTimeoutMs = 5_000;

/**
 * Reads a message by its sequence, raw (the management API would wrap a photo of 24 MiB in 32 MiB of JSON), or
 * `undefined` if the stream does not have it.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`
 */
export function readStored(
  connection: Connection,
  stream: string,
  sequence: number,
): Promise<StoredMessage | undefined> {
  return read(connection, stream, { seq: sequence });
}

/**
 * Reads the first message of a subject from a sequence on, or `undefined` if there is none.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`
 */
export function readNext(
  connection: Connection,
  stream: string,
  subject: string,
  from: number,
): Promise<StoredMessage | undefined> {
  return read(connection, stream, { seq: from, next_by_subj: subject });
}

/**
 * Reads the last message of a subject, or `undefined` if there is none.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`
 */
export function readLast(
  connection: Connection,
  stream: string,
  subject: string,
): Promise<StoredMessage | undefined> {
  return read(connection, stream, { last_by_subj: subject });
}

async function read(
  connection: Connection,
  stream: string,
  query: StoredQuery,
): Promise<StoredMessage | undefined> {
  const subject = `$JS.API.DIRECT.GET.${stream}`;
  try {
    // What is asked while the connection is broken is not heard.
    if (!(await connection.untilConnected(connectTimeoutMs)))
      throw new Fault('NATS_UNREACHABLE', { url: connection.url, reason: 'the connection is broken' });
    const answer = clientOf(connection).request(subject, JSON.stringify(query), { timeout: readTimeoutMs });
    const { headers, data } = await connection.orBroken(answer);
    if (headers === undefined || headers.code === 404)
      return connection.servers > 1 ? await readFromLeader(connection, stream, query) : undefined;
    if (headers.hasError) throw new Fault('INTERNAL', { reason: `${stream}: ${headers.description}` });
    return {
      sequence: Number(headers.get(DirectMsgHeaders.Sequence)),
      storedAt: Date.parse(headers.get(DirectMsgHeaders.TimeStamp)),
      header: (name) => headers.get(name),
      bytes: new Uint8Array(data),
    };
  } catch (error) {
    throw connection.fault(error, subject);
  }
}

/** Asks the one replica that cannot lag behind: what another did not have may only be new. */
async function readFromLeader(
  connection: Connection,
  stream: string,
  query: StoredQuery,
): Promise<StoredMessage | undefined> {
  const manager = await clientOf(connection).jetstreamManager({ checkAPI: false, timeout: readTimeoutMs });
  try {
    const found = await connection.orBroken(manager.streams.getMessage(stream, query));
    return {
      sequence: found.seq,
      storedAt: found.time.getTime(),
      header: (name) => found.header.get(name),
      bytes: new Uint8Array(found.data),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
