import { DirectMsgHeaders } from 'nats';
import { Fault } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';

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

// Enough for the largest photo on a slow line.
const readTimeoutMs = 60_000;

/**
 * Reads a message by its sequence, raw (the management API would wrap a photo of 24 MiB in 32 MiB of JSON), or
 * `undefined` if the stream does not have it.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`
 */
export async function readStored(
  connection: Connection,
  stream: string,
  sequence: number,
): Promise<StoredMessage | undefined> {
  const subject = `$JS.API.DIRECT.GET.${stream}`;
  try {
    const request = JSON.stringify({ seq: sequence });
    const answer = clientOf(connection).request(subject, request, { timeout: readTimeoutMs });
    const { headers, data } = await connection.orBroken(answer);
    if (headers === undefined || headers.code === 404) return undefined;
    if (headers.hasError) throw new Fault('INTERNAL', { reason: `${stream}: ${headers.description}` });
    return {
      sequence,
      storedAt: Date.parse(headers.get(DirectMsgHeaders.TimeStamp)),
      header: (name) => headers.get(name),
      bytes: new Uint8Array(data),
    };
  } catch (error) {
    throw connection.fault(error, subject);
  }
}
