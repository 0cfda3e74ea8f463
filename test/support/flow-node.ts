import { join } from 'node:path';
import { FailurePolicy } from '../../actors/failure-policy.ts';
import { flow } from '../../actors/flow.ts';
import { LocalResultStore } from '../../actors/local-result-store.ts';
import { photoSpout } from '../../actors/photo-spout.ts';
import { tagger } from '../../actors/tagger.ts';
import { flowName, photoSpoutName, writerName, type TaggerMessage } from '../../actors/tuple.ts';
import { writer } from '../../actors/writer.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { ActiveBolts } from '../../src/cluster/bolt/active-bolts.ts';
import { wantedPlan } from '../../src/cluster/bolt/bolt-plan.ts';
import { boltName, type BoltMessage } from '../../src/cluster/bolt/bolt-message.ts';
import { tuplesOfOthers } from '../../src/cluster/bolt/remote-bolt.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import type { ActiveModel } from '../../src/pool/active-model.ts';
import type { WorkerSlot } from '../../src/pool/worker-slot.ts';
import {
  actor,
  ActorName,
  rootName,
  startChild,
  supervisor,
  type ActorRef,
  type Behaviour,
  type ChildSpec,
  type SupervisorMessage,
} from '../../src/runtime/index.ts';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { SupervisedTagStore } from '../../src/store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from '../../src/store/supervised-thumbnail-store.ts';
import { Attempts } from '../../src/transport/attempts.ts';
import type { BoltOutput, BoltTuple } from '../../src/transport/bolt-tuple.ts';
import { DeadLetters } from '../../src/transport/dead-letters.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { ResultPublisher } from '../../src/transport/result-publisher.ts';
import { TopologyRecords } from '../../src/transport/topology-records.ts';
import { temporaryFolder } from './model.ts';
import { StubMember } from './stub-member.ts';
import { thumbnailsIn } from './thumbnails.ts';

/** Where all nodes of a test keep their results. */
export class FlowStore {
  readonly tags: SupervisedTagStore;
  readonly results: LocalResultStore;
  readonly #close: () => Promise<void>;

  private constructor(
    tags: SupervisedTagStore,
    features: EmbeddedFeatureStores,
    thumbnails: SupervisedThumbnailStore,
    remove: () => Promise<void>,
  ) {
    this.tags = tags;
    this.results = new LocalResultStore(tags, features, thumbnails);
    this.#close = async () => {
      await features.close();
      await thumbnails.close();
      await tags.close();
      await remove();
    };
  }

  static async open(): Promise<FlowStore> {
    const { path, remove } = await temporaryFolder();
    const tags = new SupervisedTagStore(() =>
      EmbeddedTagStore.open({ file: join(path, 'tags.db'), clock: systemClock }),
    );
    await tags.start();
    const report = (fault: Fault) => {
      throw fault;
    };
    const features = new EmbeddedFeatureStores({
      folder: join(path, 'features'),
      clock: systemClock,
      report,
    });
    await features.open();
    return new FlowStore(tags, features, await thumbnailsIn(path), remove);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** What a task of a test's bolt does with a tuple. */
export type Work = (tuple: BoltTuple, photo: Uint8Array | undefined) => BoltOutput | Promise<BoltOutput>;

/** A task of a bolt, with a function in place of the process. */
const workTask: Behaviour<Work, BoltMessage, Work> = {
  kind: 'bolt',
  init: (work) => work,
  receive: async (work, { tuple, photo, reply }) => {
    try {
      reply.ok(await work(tuple, photo));
    } catch (error) {
      reply.fail(Fault.from(error));
    }
    return work;
  },
};

/** Everything that a photo meets on a node, but that a thread tags nothing: each photo is a cat. */
export class FlowNode {
  readonly member: StubMember;
  readonly records: TopologyRecords;
  readonly deadLetters: DeadLetters;
  readonly metrics = new Metrics();
  readonly #bolts = new ActiveBolts();
  /** Photos that were in a thread. */
  runs = 0;

  private constructor(member: StubMember, records: TopologyRecords, deadLetters: DeadLetters) {
    this.member = member;
    this.records = records;
    this.deadLetters = deadLetters;
  }

  static async start(url: string, name: string, store: FlowStore): Promise<FlowNode> {
    const member = await StubMember.join(url, name);
    const { connection } = member;
    const records = await TopologyRecords.open(connection);
    const node = new FlowNode(member, records, await DeadLetters.open(connection));
    const queue = await PhotoQueue.open(connection, { ackWaitMs: 3_000 });
    const attempts = await Attempts.open(connection);
    const often = { maxRestarts: 1_000, windowMs: 1_000 };
    await startIn(member.system.ref(rootName), {
      id: 'photos',
      start: supervisor(
        { intensity: often, children: node.#children(queue, attempts, store) },
        { name: partsName },
      ),
    });
    let following = Promise.resolve();
    await records.watch(() => {
      following = following.then(() => node.#follow());
    });
    return node;
  }

  /** As the reconciler does. */
  async #follow(): Promise<void> {
    const plan = wantedPlan(await this.records.read(), 'photos', writerName.name);
    if (plan !== undefined) this.#bolts.follow(plan);
  }

  get name(): string {
    return this.member.name;
  }

  /** Starts a task of a bolt here, as the reconciler would. */
  async startTask(component: string, index: number, work: Work): Promise<void> {
    await startIn(this.member.system.ref(partsName), {
      id: `${component}:${String(index)}`,
      start: actor(workTask, work, { name: boltName('photos', component, index), remote: tuplesOfOthers }),
    });
  }

  /** Kills an actor; its supervisor starts it again. */
  kill(name: string): void {
    this.member.system.exit(this.#ref(name), 'kill');
  }

  /** Photos that the spout has. */
  get held(): number {
    const { held } = this.member.system.inspector.state(photoSpoutName.name) as { held: unknown[] };
    return held.length;
  }

  stop(): Promise<void> {
    return this.member.dispose();
  }

  #ref(name: string): ActorRef<never> {
    return this.member.system.ref(new ActorName<never>(name));
  }

  #children(queue: PhotoQueue, attempts: Attempts, store: FlowStore): ChildSpec[] {
    const { metrics, deadLetters } = this;
    const results = new ResultPublisher(this.member.connection);
    const bolts = this.#bolts;
    const shared = { attempts, deadLetters, results, metrics, log: silentLog, clock: systemClock };
    const failures = new FailurePolicy({ ...shared, maxAttempts: 5 });
    const slot = this.#slot();
    const taggerName = new ActorName<TaggerMessage>('autotag-0');
    return [
      {
        id: 'writer',
        start: actor(writer, { store: store.results, results, metrics }, { name: writerName }),
      },
      {
        id: 'flow',
        start: actor(flow, { bolts, metrics }, { name: flowName }),
      },
      {
        id: 'tagger',
        start: actor(tagger, { slot, models: catModel, bolts, metrics }, { name: taggerName }),
      },
      {
        id: 'spout',
        start: actor(
          photoSpout,
          { queue, failures, window: 16, ackWaitMs: 3_000, metrics },
          { name: photoSpoutName, mailboxLimit: 65_536 },
        ),
      },
    ];
  }

  #slot(): WorkerSlot {
    const nothing = { indices: new Uint32Array(), scores: new Float32Array() };
    const times = { decode: 0, features: 0, score: 0 };
    const run = ({ bytes }: { bytes: ArrayBuffer }) => {
      this.runs += 1;
      // As a thread, it takes the bytes away.
      structuredClone(bytes, { transfer: [bytes] });
      return Promise.resolve({ tags: nothing, best: nothing, features: [], times });
    };
    return { free: 2, whenFree: () => Promise.resolve(), run } as unknown as WorkerSlot;
  }
}

const partsName = new ActorName<SupervisorMessage>('parts');

async function startIn(parent: ActorRef<SupervisorMessage>, child: ChildSpec): Promise<void> {
  const started = await startChild(parent, child);
  if (!started.ok) throw started.fault;
}

const catModel = {
  current: {
    handle: { activation: 1, id: 'm'.repeat(64) },
    extractor: 'lite0-1',
    name: () => [{ tag: 'cat', score: 0.5 }],
  },
} as unknown as ActiveModel;
