import type { JetStreamManager, KV, KvEntry, KvOptions, NatsConnection } from 'nats';
import type { z } from 'zod';
import { delay, systemClock } from '../base/clock.ts';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import { ensureStream } from './photo-stream.ts';

/** A bucket of JetStream KV, and what manages its stream. */
export interface KvBucket {
  readonly kv: KV;
  readonly manager: JetStreamManager;
}

/**
 * Opens a bucket, or creates it; one that has fewer replicas gets more.
 *
 * Any replica may answer a direct read, also one that has not heard of the last write yet: where there are several, the
 * leader is asked.
 */
export async function openKvBucket(
  client: NatsConnection,
  bucket: string,
  { replicas = 1, ...options }: Partial<KvOptions>,
): Promise<KvBucket> {
  const direct = replicas > 1 ? { allow_direct: false } : {};
  const kv = await client.jetstream().views.kv(bucket, { ...options, ...direct, replicas });
  const manager = await client.jetstreamManager({ checkAPI: false });
  await ensureStream(manager, `KV_${bucket}`, { num_replicas: replicas });
  return { kv, manager };
}

/**
 * The JSON value of an entry, `undefined` if it was removed.
 * @throws Fault `RECORD_UNREADABLE`
 */
export function valueOf<T>(entry: KvEntry, schema: z.ZodType<T>): T | undefined {
  if (entry.operation !== 'PUT') return undefined;
  try {
    return schema.parse(entry.json());
  } catch (error) {
    throw new Fault('RECORD_UNREADABLE', { key: entry.key, bucket: entry.bucket }, error);
  }
}

const watchAgainMs = 1_000;

/**
 * Calls `onEntry` for each entry that there is and each later one, until the answer is called or the connection is closed. After an
 * error, which is reported to the connection, all of that begins again.
 * @throws what the client throws
 */
export async function watchEntries(
  connection: Connection,
  kv: KV,
  pattern: string,
  onEntry: (entry: KvEntry) => void,
): Promise<() => void> {
  let entries = await kv.watch({ key: pattern });
  const over = new AbortController();
  const again = async () => {
    await delay(systemClock, watchAgainMs);
    if (!over.signal.aborted) entries = await kv.watch({ key: pattern });
  };
  void connection.closed.then(() => {
    over.abort();
  });
  void (async () => {
    for (let begin = () => Promise.resolve(); ; begin = again) {
      try {
        await begin();
        if (over.signal.aborted) entries.stop();
        for await (const entry of entries) onEntry(entry);
        return;
      } catch (error) {
        if (over.signal.aborted) return;
        connection.report(`what changes in ${pattern} was not heard of for a while: ${reasonOf(error)}`);
      }
    }
  })();
  return () => {
    over.abort();
    entries.stop();
  };
}
