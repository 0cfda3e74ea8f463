import type { JetStreamManager, KV, KvOptions, NatsConnection } from 'nats';
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
