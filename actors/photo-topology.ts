import type { Metrics } from '../src/base/metrics.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import type { WorkerSlot } from '../src/pool/worker-slot.ts';
import { ActorName, actor, supervisor } from '../src/runtime/index.ts';
import type { ChildSpec, SupervisorSpec } from '../src/runtime/index.ts';
import type { PhotoQueue } from '../src/transport/photo-queue.ts';
import type { ResultPublisher } from '../src/transport/result-publisher.ts';
import type { FailurePolicy } from './failure-policy.ts';
import { photoSpout } from './photo-spout.ts';
import type { ResultStore } from './result-store.ts';
import { tagger } from './tagger.ts';
import { photoSpoutName, writerName } from './tuple.ts';
import type { TaggerMessage } from './tuple.ts';
import { writer } from './writer.ts';

/** What the topology of uploads works with. */
export interface PhotoTopologyOptions {
  readonly queue: PhotoQueue;
  readonly store: ResultStore;
  readonly results: ResultPublisher;
  readonly failures: FailurePolicy;
  readonly slots: readonly WorkerSlot[];
  readonly models: ActiveModel;
  readonly metrics: Metrics;
  /** See `PhotoSpoutArgument`. */
  readonly window: number;
  readonly ackWaitMs: number;
}

/**
 * The topology of uploads: `photos` spout → `autotag` bolt, a task a thread → `dbwriter` bolt.
 *
 * Started against the stream, so that everyone finds who comes after him; ended spout first.
 */
export function photoTopology(options: PhotoTopologyOptions): SupervisorSpec {
  const taggers: SupervisorSpec = {
    intensity: { maxRestarts: 10, windowMs: 10_000 },
    children: options.slots.map((slot, index) => taggerChild(slot, index, options)),
  };
  return {
    intensity: { maxRestarts: 5, windowMs: 30_000 },
    children: [
      { id: 'dbwriter', start: actor(writer, options, { name: writerName, mailboxLimit: 8_192 }) },
      { id: 'photos', start: actor(photoSpout, options, { name: photoSpoutName, mailboxLimit: 65_536 }) },
      { id: 'autotag', start: supervisor(taggers) },
    ],
  };
}

function taggerChild(slot: WorkerSlot, index: number, { models, metrics }: PhotoTopologyOptions): ChildSpec {
  const name = new ActorName<TaggerMessage>(`autotag-${String(index)}`);
  return { id: name.name, start: actor(tagger, { slot, models, metrics }, { name }) };
}
