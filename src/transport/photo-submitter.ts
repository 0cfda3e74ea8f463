import { headers as createHeaders, type PubAck } from 'nats';
import { Fault } from '../base/errors.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { photoBytesCeiling, sealPhoto, type Photo, type PhotoMessage } from './envelope.ts';
import { names } from './photo-stream.ts';
import { subjects } from './subjects.ts';

/** A stored photo. */
export interface Submitted {
  readonly id: string;
  /** Its number in the stream. */
  readonly sequence: number;
  /** Whether the same photo was already stored within the duplicate window; it was not stored again. */
  readonly duplicate: boolean;
}

/** Limits of a {@link PhotoSubmitter}. */
export interface SubmitterOptions {
  /** Largest photo. Default 24 MiB. */
  readonly maxPhotoBytes?: number;
  /** How long a server that is away is waited for, per photo, beside the time of its upload. Default 10000 ms. */
  readonly timeoutMs?: number;
  /** Photos on their way at once. Default 64. */
  readonly maxInFlight?: number;
  /** Bytes on their way at once; one photo is always let through. Default 32 MiB. */
  readonly maxInFlightBytes?: number;
}

const tryTimeoutMs = 5_000;
const uploadMsPerMebibyte = 2_000;
const pauseMs = 200;

/** Sends photos to the stream, several at once, bounded in number and bytes. */
export class PhotoSubmitter {
  readonly #connection: Connection;
  readonly #options: Required<SubmitterOptions>;
  readonly #waiting: (() => void)[] = [];
  #photos = 0;
  #bytes = 0;

  constructor(connection: Connection, options: SubmitterOptions = {}) {
    this.#connection = connection;
    this.#options = {
      maxPhotoBytes: photoBytesCeiling,
      timeoutMs: 10_000,
      maxInFlight: 64,
      maxInFlightBytes: 32 * 1024 * 1024,
      ...options,
    };
  }

  /** Resolves when the next {@link submit} would start at once: wait for it before reading the next file. */
  async ready(): Promise<void> {
    while (this.#full(0)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /**
   * Stores a photo: resolves when the stream has it. A server that is away is waited for, and the photo sent again under
   * the same message id, so that within the duplicate window it is stored once. Waits its turn while too much is on its way.
   * @throws Fault `PHOTO_EMPTY`, `PHOTO_TOO_LARGE`, `PHOTO_ID`, `QUEUE_FULL`, `DISK_RESERVE`, `NATS_UNREACHABLE`, `NATS_DENIED`
   */
  async submit(photo: Photo): Promise<Submitted> {
    const message = sealPhoto(photo, this.#options.maxPhotoBytes);
    const size = message.bytes.length;
    while (this.#full(size)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#photos += 1;
    this.#bytes += size;
    try {
      return await publishPhoto(this.#connection, message, this.#options.timeoutMs);
    } finally {
      this.#photos -= 1;
      this.#bytes -= size;
      this.#wake();
    }
  }

  #full(size: number): boolean {
    if (this.#photos === 0) return false;
    return this.#photos >= this.#options.maxInFlight || this.#bytes + size > this.#options.maxInFlightBytes;
  }

  // All of them look again: who waits with a small photo may pass where a large one may not.
  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

/**
 * Publishes a sealed photo until the stream confirms it or `timeoutMs`, beside the time of the upload, have passed.
 * @throws Fault as {@link PhotoSubmitter.submit}
 */
export async function publishPhoto(
  connection: Connection,
  message: PhotoMessage,
  timeoutMs: number,
): Promise<Submitted> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = deadline - performance.now();
    try {
      const answer = await publishOnce(connection, message, Math.max(left, 1));
      return { id: message.id, sequence: answer.seq, duplicate: answer.duplicate };
    } catch (error) {
      const fault = submitFault(connection.fault(error, subjects.submit.pattern), message);
      if (fault.code !== 'NATS_UNREACHABLE' || performance.now() + pauseMs >= deadline) throw fault;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** Time that bytes may take on a slow line or a busy machine: sending them again would only make it slower, ms. */
export function uploadMs(bytes: number): number {
  return Math.ceil((bytes / (1024 * 1024)) * uploadMsPerMebibyte);
}

async function publishOnce(connection: Connection, message: PhotoMessage, leftMs: number): Promise<PubAck> {
  if (!(await connection.untilConnected(leftMs)))
    throw new Fault('NATS_UNREACHABLE', { url: connection.url, reason: 'no connection' });
  const room = connection.maxPayload - 1024;
  if (message.bytes.length > room)
    throw new Fault('PHOTO_TOO_LARGE', { bytes: message.bytes.length, limit: room });
  const headers = createHeaders();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
  const answer = clientOf(connection)
    .jetstream()
    .publish(subjects.submit.pattern, message.bytes, {
      msgID: message.messageId,
      headers,
      timeout: Math.min(tryTimeoutMs, leftMs) + uploadMs(message.bytes.length),
      expect: { streamName: names.photos },
    });
  return await connection.orBroken(answer);
}

// The stream's own size limit is that of a photo.
function submitFault(fault: Fault, { bytes }: PhotoMessage): Fault {
  if (fault.code !== 'REQUEST_INVALID') return fault;
  return new Fault('PHOTO_TOO_LARGE', { bytes: bytes.length, limit: 'the stream' }, fault);
}
