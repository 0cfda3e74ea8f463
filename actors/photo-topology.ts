import { Fault } from '../src/base/errors.ts';
import type { Metrics } from '../src/base/metrics.ts';
import { shuffle, topology } from '../src/cluster/topology/builder.ts';
import type { ActiveBolts } from '../src/cluster/bolt/active-bolts.ts';
import { wantedPlan } from '../src/cluster/bolt/bolt-plan.ts';
import type { ComponentFactory, Task } from '../src/cluster/topology/component-factory.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import type { WorkerSlot } from '../src/pool/worker-slot.ts';
import { ActorName, actor } from '../src/runtime/index.ts';
import type { ActorRef, ChildStart } from '../src/runtime/index.ts';
import type { PhotoQueue } from '../src/transport/photo-queue.ts';
import type { ResultPublisher } from '../src/transport/result-publisher.ts';
import type { FailurePolicy } from './failure-policy.ts';
import { photoSpout } from './photo-spout.ts';
import type { ResultStore } from './result-store.ts';
import { tagger } from './tagger.ts';
import { photoSpoutName, writerName } from './tuple.ts';
import type { SpoutMessage, TaggerMessage } from './tuple.ts';
import { writer } from './writer.ts';

/**
 * The topology of uploads: `photos` spout → `autotag` bolt, a task a thread → `dbwriter` bolt. A photo stays on the node that
 * has pulled it: each node has a spout and a writer, and what the writers write goes to the one node that keeps it, or to a database.
 */
export const photoTopology = topology('photos')
  .spout('photos', { parallelism: 'nodes' })
  .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
  .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('autotag') })
  .build();

/** What the tasks of the topology work with on a node. */
export interface PhotoComponentsOptions {
  readonly queue: PhotoQueue;
  readonly store: ResultStore;
  readonly results: ResultPublisher;
  readonly failures: FailurePolicy;
  readonly slots: readonly WorkerSlot[];
  readonly models: ActiveModel;
  readonly bolts: ActiveBolts;
  readonly metrics: Metrics;
  /** See `PhotoSpoutArgument`. */
  readonly window: number;
  readonly ackWaitMs: number;
  /** The spout of this node. */
  readonly spout: ActorRef<SpoutMessage>;
}

/** Makes the tasks of {@link photoTopology} run on a node. */
export function photoComponents(options: PhotoComponentsOptions): ComponentFactory {
  const starts: Readonly<Record<string, (task: Task) => ChildStart>> = {
    photos: () => actor(photoSpout, options, { name: photoSpoutName, mailboxLimit: 65_536 }),
    autotag: ({ place }) => startTagger(place, options),
    dbwriter: () => actor(writer, options, { name: writerName, mailboxLimit: 8_192 }),
  };
  return {
    child: (task) => {
      const start = starts[task.component];
      if (start === undefined)
        throw new Fault('NOT_FOUND', { what: 'component on this node', id: task.component });
      return { start: start(task) };
    },
    follow: (desired) => {
      const plan = wantedPlan(desired, photoTopology.name, writerName.name);
      // Lost from KV, it goes on as it is.
      if (plan !== undefined) options.bolts.follow(plan);
    },
    pause: () => options.spout.call({ type: 'drain' }, 'infinity'),
    // It has no bundles.
    retain: () => undefined,
  };
}

function startTagger(place: number, options: PhotoComponentsOptions): ChildStart {
  const { slots, models, bolts, metrics } = options;
  const slot = slots[place];
  if (slot === undefined)
    throw new Fault('NOT_FOUND', { what: 'worker thread on this node', id: String(place) });
  const name = new ActorName<TaggerMessage>(`autotag-${String(place)}`);
  return actor(tagger, { slot, models, bolts, metrics }, { name });
}
