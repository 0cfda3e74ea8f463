import { AckPolicy, DeliverPolicy, headers as createHeaders, nanos, ReplayPolicy } from 'nats';
import type { JetStreamManager, JsMsg } from 'nats';
import { Fault, reasonOf } from '../base/errors.ts';
import { decodeName, encodeName } from '../base/ids.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { headerNames, openEnvelope, sealPhoto } from './envelope.ts';
import { isNotFound } from './nats-faults.ts';
import type { DeadLetter } from './payloads.ts';
import type { PhotoDelivery } from './photo-delivery.ts';
import { deadLetterStreamConfig, ensureStream, names, oldestOf } from './photo-stream.ts';
import { publishPhoto, uploadMs } from './photo-submitter.ts';
import { readStored, type StoredMessage } from './stored-message.ts';
import { subjectOf, subjects } from './subjects.ts';

/** Settings of {@link DeadLetters}. */
export interface DeadLettersOptions {
  /** The stream refuses dead letters beyond; their photos stay in the queue then. -1 is no limit; without it the limit that is in force stays. */
  readonly maxBytes?: number | undefined;
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
}

/** Why a photo is given up. */
export interface Burial {
  readonly fault: Fault;
  readonly attempts: number;
}

/** Part of the dead letters, by rising sequence. */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** For `after`; absent on the last page. */
  readonly next: number | undefined;
}

/** How many dead letters there are. */
export interface DeadLetterStatus {
  readonly messages: number;
  readonly bytes: number;
  /** -1 is no limit. */
  readonly maxBytes: number;
  /** When the oldest was buried, the server's wall time, ms since the epoch. */
  readonly oldestAt: number | undefined;
}

const ownHeaders = {
  code: 'Autotag-Code',
  message: 'Autotag-Message',
  attempts: 'Autotag-Attempts',
  submitted: 'Autotag-Submitted',
} as const;

const sizeHeader = 'Nats-Msg-Size';
const submitTimeoutMs = 10_000;
const copyTimeoutMs = 5_000;

/** Photos that were given up, with their bytes and the reason, until somebody retries or removes them. */
export class DeadLetters {
  readonly #connection: Connection;
  readonly #manager: JetStreamManager;

  private constructor(connection: Connection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#manager = manager;
  }

  /**
   * Creates the stream, or changes what differs from the options.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
   */
  static async open(connection: Connection, options: DeadLettersOptions = {}): Promise<DeadLetters> {
    try {
      const manager = await clientOf(connection).jetstreamManager({ checkAPI: false });
      await ensureStream(manager, names.deadLetters, deadLetterStreamConfig(options));
      return new DeadLetters(connection, manager);
    } catch (error) {
      throw connection.fault(error, names.deadLetters);
    }
  }

  /**
   * Copies a photo to the dead letters, then takes it off the queue; repeated after a failure it is still one letter.
   * The bytes come from the queue, since those of the delivery may belong to a thread that is gone.
   * @throws Fault `QUEUE_FULL`, `DISK_RESERVE`, `NATS_UNREACHABLE`; the photo stays under lease
   */
  async bury(photo: PhotoDelivery, { fault, attempts }: Burial): Promise<void> {
    const stored = await readStored(this.#connection, names.photos, photo.sequence);
    // Gone from the queue: an earlier try buried it and lost only the answer.
    if (stored !== undefined) await this.#copy(photo, stored, fault, attempts);
    await photo.terminate();
  }

  /**
   * Up to `limit` dead letters with a sequence above `after`, without their bytes; of one photo if `id` is given.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async list(query: { limit: number; after?: number; id?: string | undefined }): Promise<DeadLetterPage> {
    const { limit, after = 0, id } = query;
    const letters = await this.#try(this.#headers(limit + 1, after + 1, id));
    const page = letters.slice(0, limit);
    return { letters: page, next: letters.length > limit ? page.at(-1)?.sequence : undefined };
  }

  /**
   * How many there are, and since when.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async status(): Promise<DeadLetterStatus> {
    const { state, config } = await this.#try(this.#manager.streams.info(names.deadLetters));
    const { messages, bytes } = state;
    return { messages, bytes, maxBytes: config.max_bytes, oldestAt: oldestOf(state) };
  }

  /**
   * One dead letter with its bytes.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  async show(sequence: number): Promise<{ letter: DeadLetter; photo: Uint8Array }> {
    const stored = await this.#read(sequence);
    return { letter: letterOf(stored, stored.bytes.length), photo: stored.bytes };
  }

  /**
   * Queues a dead letter again, under a new rerun number so that it is no double, then removes it.
   * @throws Fault `NOT_FOUND`, and what a submit throws
   */
  async retry(sequence: number): Promise<void> {
    const { header, bytes } = await this.#read(sequence);
    const envelope = openEnvelope(header, bytes);
    const message = sealPhoto({ ...envelope, bytes, rerun: envelope.rerun + 1 });
    await publishPhoto(this.#connection, message, submitTimeoutMs);
    await this.remove(sequence);
  }

  /**
   * Erases one dead letter.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  async remove(sequence: number): Promise<void> {
    try {
      await this.#connection.orBroken(this.#manager.streams.deleteMessage(names.deadLetters, sequence, true));
    } catch (error) {
      if (isNotFound(error)) throw missing(sequence);
      throw this.#connection.fault(error, names.deadLetters);
    }
  }

  /**
   * Erases all dead letters of a photo; answers how many there were.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async removePhoto(id: string): Promise<number> {
    const filter = subjectOf('buried', { photo: encodeName(id) });
    return (await this.#try(this.#manager.streams.purge(names.deadLetters, { filter }))).purged;
  }

  async #copy(photo: PhotoDelivery, stored: StoredMessage, fault: Fault, attempts: number): Promise<void> {
    const headers = createHeaders();
    for (const name of Object.values(headerNames)) {
      const value = stored.header(name);
      if (value !== '') headers.set(name, value);
    }
    headers.set(headerNames.id, encodeName(photo.id));
    headers.set(ownHeaders.code, fault.code);
    headers.set(ownHeaders.message, encodeName(reasonOf(fault)));
    headers.set(ownHeaders.attempts, String(attempts));
    headers.set(ownHeaders.submitted, String(photo.submittedAt));
    const subject = subjectOf('buried', { photo: encodeName(photo.id) });
    const timeout = copyTimeoutMs + uploadMs(stored.bytes.length);
    const msgID = `${String(photo.epoch)}.${String(photo.sequence)}`;
    await this.#try(
      clientOf(this.#connection).jetstream().publish(subject, stored.bytes, { headers, msgID, timeout }),
    );
  }

  // The server sends headers only: a page costs no photo's bytes.
  async #headers(limit: number, from: number, id: string | undefined): Promise<DeadLetter[]> {
    const photo = id === undefined ? undefined : subjectOf('buried', { photo: encodeName(id) });
    const reader = await this.#manager.consumers.add(names.deadLetters, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      replay_policy: ReplayPolicy.Instant,
      headers_only: true,
      mem_storage: true,
      inactive_threshold: nanos(10_000),
      ...(photo === undefined ? {} : { filter_subject: photo }),
    });
    const wanted = Math.min(limit, reader.num_pending);
    const letters: DeadLetter[] = [];
    if (wanted > 0) {
      const { consumers } = clientOf(this.#connection).jetstream();
      const consumer = await consumers.get(names.deadLetters, reader.name);
      for await (const message of await consumer.fetch({ max_messages: wanted, expires: 5_000 }))
        letters.push(letterOf(headOf(message), Number(message.headers?.get(sizeHeader))));
    }
    await this.#manager.consumers.delete(names.deadLetters, reader.name);
    return letters;
  }

  async #read(sequence: number): Promise<StoredMessage> {
    const stored = await readStored(this.#connection, names.deadLetters, sequence);
    if (stored === undefined) throw missing(sequence);
    return stored;
  }

  async #try<T>(answer: Promise<T>): Promise<T> {
    try {
      return await this.#connection.orBroken(answer);
    } catch (error) {
      throw this.#connection.fault(error, subjects.buried.pattern);
    }
  }
}

type Head = Pick<StoredMessage, 'sequence' | 'storedAt' | 'header'>;

function headOf({ headers, info }: JsMsg): Head {
  return {
    sequence: info.streamSequence,
    storedAt: Math.floor(info.timestampNanos / 1_000_000),
    header: (name) => headers?.get(name) ?? '',
  };
}

function letterOf({ sequence, storedAt, header }: Head, bytes: number): DeadLetter {
  const file = header(headerNames.file);
  const client = header(headerNames.client);
  return {
    sequence,
    id: decodeName(header(headerNames.id)),
    ...(file === '' ? {} : { file: decodeName(file) }),
    ...(client === '' ? {} : { client }),
    rerun: Number(header(headerNames.rerun)),
    bytes,
    code: header(ownHeaders.code),
    message: decodeName(header(ownHeaders.message)),
    attempts: Number(header(ownHeaders.attempts)),
    submittedAt: Number(header(ownHeaders.submitted)),
    buriedAt: storedAt,
  };
}

function missing(sequence: number): Fault {
  return new Fault('NOT_FOUND', { what: 'dead letter', id: sequence });
}
