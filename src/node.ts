import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { jobPoolChild } from '../actors/job-pool-child.ts';
import { prepareThreads } from '../actors/prepare-threads.ts';
import type { Threads } from '../actors/prepare-threads.ts';
import { RunBlobs } from '../actors/run-blobs.ts';
import { RunFolders } from '../actors/run-folders.ts';
import { workerThreads } from '../actors/worker-threads.ts';
import { systemClock } from './base/clock.ts';
import { Fault } from './base/errors.ts';
import { createLog } from './base/log.ts';
import type { Log } from './base/log.ts';
import { RecentLines } from './base/recent-lines.ts';
import { Metrics } from './base/metrics.ts';
import type { NodeOptions } from './base/options.ts';
import { withResolver } from './base/promise-resolver.ts';
import { packageVersion } from './base/package-root.ts';
import { AuditLog } from './cluster/audit-log.ts';
import { ClusterPlace } from './cluster/cluster-place.ts';
import { endLeftBolts } from './cluster/bolt/left-bolts.ts';
import { removeUnfinished } from './cluster/bundle-folder.ts';
import { linkChild, natsServerChild } from './cluster/nats-children.ts';
import { RemoteActors, remoteActors } from './cluster/remote-actors.ts';
import { reconcilerName } from './cluster/topology/reconciler.ts';
import type { MembershipEvent } from './cluster/membership.ts';
import { ActiveModel } from './pool/active-model.ts';
import { JobPool } from './pool/job-pool.ts';
import { actor, ActorSystem, deferred, external, supervisor } from './runtime/index.ts';
import type { ChildSpec, ChildStart, SupervisorSpec } from './runtime/index.ts';
import { type NodeBelongings, takesPhotos, takesTasks } from './node/belongings.ts';
import { nodeDuties } from './node/duties.ts';
import { nodeStores, type NodeStores } from './node/stores.ts';
import type { NodeLink, NodeLinkOptions } from './transport/node-link.ts';
import { DataFolderLock } from './transport/server/data-folder-lock.ts';
import { parseListening } from './transport/server/listening.ts';
import type { NatsServer } from './transport/server/nats-server.ts';
import { gatewayChild, httpChild } from './web/http-children.ts';
import type { Gateway } from './web/gateway.ts';
import type { HttpServer } from './web/http-server.ts';

/** Why a node ended by itself. */
export interface NodeEnd {
  readonly fault: Fault;
  /** Whether a new process may do better: a stuck thread, a supervisor that gave up. */
  readonly restart: boolean;
}

/** A node that runs. */
export interface Node {
  readonly name: string;
  /** Where its NATS server listens, without credentials. */
  readonly url: string;
  /** A token with which another machine's node joins, `undefined` if none can. It holds a password. */
  readonly invitation: string | undefined;
  /** Where metrics and health are served. */
  readonly httpUrl: string;
  /** Finishes what is in flight or hands it back, then ends everything; within `drainTimeoutMs` + 4 s. */
  stop(): Promise<void>;
  /** Resolves when the node has ended without {@link Node.stop}: its parts are stopped by then. */
  readonly ended: Promise<NodeEnd>;
}

const stopTimeoutMs = 3_500;
/** Beyond the sum of all windows, so that nodes limit themselves. */
const maxAckPending = 8_192;

/** See {@link NodeBelongings}. */
type JobPools = Pick<NodeBelongings, 'jobs' | 'answers'>;

/** Parts of a node that somebody else may provide. */
export interface NodeParts {
  /** The code of its worker threads; default the photo tagger. A bench puts a stub in its place. */
  readonly threadEntry?: URL;
  /** The code of its job threads; default the tasks of training. */
  readonly jobEntry?: URL;
}

/**
 * Starts a node.
 * @throws Fault with a sentence that says what to do
 */
export async function startNode(options: NodeOptions, parts: NodeParts = {}): Promise<Node> {
  const lock = await DataFolderLock.acquire(options.data);
  const node = new RunningNode(options, parts, lock);
  try {
    await node.start();
    return node;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The composition root: every part of a node, and the tree that supervises them. */
class RunningNode implements Node {
  readonly name: string;
  readonly ended: Promise<NodeEnd>;
  readonly #options: NodeOptions;
  readonly #parts: NodeParts;
  readonly #lock: DataFolderLock;
  readonly #recent = new RecentLines();
  readonly #log: Log;
  readonly #audit: AuditLog;
  readonly #system: ActorSystem;
  readonly #actors = new RemoteActors(systemClock);
  readonly #metrics = new Metrics();
  readonly #models = new ActiveModel();
  readonly #stores: NodeStores;
  readonly #blobs: RunBlobs;
  readonly #place: ClusterPlace;
  readonly #onEnded: (end: NodeEnd) => void;
  #server: NatsServer | undefined;
  #link: NodeLink | undefined;
  #http: HttpServer | undefined;
  #gateway: Gateway | undefined;
  #failure: Fault | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: NodeOptions, parts: NodeParts, lock: DataFolderLock) {
    this.name = options.name;
    this.#options = options;
    this.#parts = parts;
    this.#lock = lock;
    this.#log = createLog(options.logLevel, { node: options.name }, this.#recent);
    this.#audit = new AuditLog({
      folder: lock.folder,
      node: options.name,
      clock: systemClock,
      log: this.#log,
    });
    this.#system = new ActorSystem({
      clock: systemClock,
      node: options.name,
      log: this.#log,
      remote: this.#actors,
    });
    this.#stores = nodeStores({ folder: lock.folder, url: options.storeUrl, log: this.#log });
    this.#blobs = new RunBlobs(lock.folder, options.name);
    this.#place = new ClusterPlace({
      name: options.name,
      folder: lock.folder,
      facts: {
        version: packageVersion,
        takes: options.takes,
        threads: takesPhotos(options) ? threadsOf(options.threads) : 0,
        jobThreads: takesTasks(options) ? threadsOf(options.jobThreads) : 0,
      },
      hasDatabase: options.storeUrl !== undefined,
      leaseMs: options.nodeLeaseMs,
      failure: () => this.#failure ?? (this.#isGivingUp ? this.#gaveUp() : undefined),
      onExpelled: (fault) => void this.#giveUp(fault, { restart: false }),
      log: this.#log,
    });
    const { promise, resolve } = withResolver<NodeEnd>();
    this.ended = promise;
    this.#onEnded = resolve;
  }

  get url(): string {
    return this.#server?.url ?? this.#opened.connection.url;
  }

  get invitation(): string | undefined {
    return this.#server?.invitation('node');
  }

  get httpUrl(): string {
    return this.#http?.url ?? '';
  }

  async start(): Promise<void> {
    const { incoming, bundles } = this.#folders;
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
    const left = await endLeftBolts(bundles);
    await removeUnfinished(bundles);
    if (left.length > 0) this.#log.warn({ pids: left }, 'bolts of a killed node were ended');
    const threads = await prepareThreads(threadsOf(this.#options.threads), this.#options, {
      clock: systemClock,
      onStuck: this.#onStuck,
      entry: this.#parts.threadEntry,
    });
    const started = await this.#system.start(this.#tree(threads, this.#jobPools(threads)));
    if (!started.ok) {
      await this.#system.stop(stopTimeoutMs);
      throw started.fault;
    }
    void this.#system.ended.then(() => this.#giveUp(this.#gaveUp()));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { drainTimeoutMs } = this.#options;
    try {
      if (takesPhotos(this.#options))
        await this.#system.ref(reconcilerName).call({ type: 'drain' }, drainTimeoutMs);
    } catch (error) {
      this.#log.warn({ fault: Fault.from(error).toWire() }, 'photos in flight are handed back');
    }
    const left = await this.#system.stop(stopTimeoutMs);
    if (left.length > 0) this.#log.error({ left }, 'these did not end');
    await this.#lock.release();
  }

  readonly #onStuck = (): void => {
    void this.#giveUp(new Fault('WORKER_STUCK'));
  };

  /** Whether the root supervisor ends its children although nobody has told it to. */
  get #isGivingUp(): boolean {
    return this.#stopping === undefined && this.#system.inspector.tree()?.phase === 'ending';
  }

  #gaveUp(): Fault {
    return new Fault('NODE_GAVE_UP', {
      reason: this.#system.lastFailure ?? 'the root supervisor was killed',
    });
  }

  async #giveUp(fault: Fault, { restart } = { restart: true }): Promise<void> {
    if (this.#stopping !== undefined) return;
    this.#log.error({ fault: fault.toWire() }, 'the node ends itself');
    this.#failure = fault;
    await this.stop();
    // Its own server, where it has one, is gone as well.
    if (this.#server === undefined) await this.#place.explain(this.#address());
    this.#onEnded({ fault, restart });
  }

  get #folders(): NodeBelongings['folders'] {
    const { folder } = this.#lock;
    const [models, bundles] = [join(folder, 'models'), join(folder, 'bundles')];
    return { models, incoming: join(models, 'incoming'), bundles, trials: join(bundles, 'trials') };
  }

  get #opened(): NodeLink {
    if (this.#link === undefined) throw new Fault('INTERNAL', { reason: 'the node has no link to NATS yet' });
    return this.#link;
  }

  /** Parts that stand alone first; what needs NATS comes after it, and starts again with the link. */
  #tree(threads: Threads, pools: JobPools): SupervisorSpec {
    const onLink: SupervisorSpec = {
      strategy: 'rest_for_one',
      intensity: { maxRestarts: 5, windowMs: 30_000 },
      children: [
        { id: 'link', start: external(this.#startLink()) },
        ...this.#place.children(),
        { id: 'remote-actors', start: this.#remoteActors() },
        {
          id: 'duties',
          start: deferred('supervisor', () => supervisor(this.#duties(threads, pools))),
        },
        { id: 'gateway', start: external(this.#startGateway()), backoff: { initialMs: 50, maxMs: 10_000 } },
      ],
    };
    return {
      intensity: { maxRestarts: 10, windowMs: 60_000 },
      children: [
        { id: 'http', start: external(this.#startHttp()) },
        ...this.#serverChildren(),
        ...(takesPhotos(this.#options)
          ? [{ id: 'threads', start: supervisor(workerThreads(threads.slots)) }]
          : []),
        { id: 'jobs', start: external(jobPoolChild(pools.jobs)) },
        { id: 'answers', start: external(jobPoolChild(pools.answers)) },
        { id: 'work', start: supervisor(onLink) },
      ],
    };
  }

  /** Messages between actors of this node and others. */
  #remoteActors(): ChildStart<MembershipEvent> {
    const [node, actors, { door }, log] = [this.name, this.#actors, this.#system, this.#log];
    const { view } = this.#place;
    return actor(remoteActors, { node, actors, door, seat: () => this.#place.seat, view, log });
  }

  /** What the node does over the link that it has now. */
  #duties(threads: Threads, pools: JobPools): SupervisorSpec {
    return nodeDuties(
      {
        options: this.#options,
        folder: this.#lock.folder,
        folders: this.#folders,
        system: this.#system,
        log: this.#log,
        recent: this.#recent,
        audit: this.#audit,
        metrics: this.#metrics,
        models: this.#models,
        stores: this.#stores,
        blobs: this.#blobs,
        runFolders: new RunFolders(this.#lock.folder),
        place: this.#place,
        threads,
        ...pools,
        queueBytes: this.#server?.budget.photos,
      },
      this.#opened,
    );
  }

  #jobPools({ jobs: setup }: Threads): JobPools {
    const { folder } = this.#lock;
    const pool = (threads: number, scratch: string) =>
      new JobPool({
        clock: systemClock,
        setup,
        threads,
        blobs: this.#blobs.own.folder,
        scratch: join(folder, scratch),
        onStuck: this.#onStuck,
        entry: this.#parts.jobEntry,
      });
    return {
      jobs: pool(threadsOf(this.#options.jobThreads), 'scratch'),
      answers: pool(1, 'scratch-answers'),
    };
  }

  #serverChildren(): ChildSpec[] {
    const { name, port, listen, diskReserveBytes: reserveBytes, queueBytes, nats } = this.#options;
    if (nats !== undefined) return [];
    const listening = listen === undefined ? undefined : parseListening(listen, port);
    const start = natsServerChild(
      { lock: this.#lock, name, port, listening, reserveBytes, queueBytes },
      this.#log,
      (server) => {
        this.#server = server;
      },
    );
    return [{ id: 'nats-server', start: external(start), backoff: { initialMs: 50, maxMs: 10_000 } }];
  }

  #startLink() {
    const options = (): NodeLinkOptions => ({
      ...this.#address(),
      name: this.name,
      ackWaitMs: this.#options.ackWaitMs,
      maxAckPending,
      ...(this.#options.replicas === 0 ? {} : { replicas: this.#options.replicas }),
      maxPhotoBytes: this.#options.maxPhotoBytes,
      admit: this.#place.admit,
      onEvent: (event) => {
        this.#log.warn({ event }, 'the connection to NATS changed');
      },
    });
    return linkChild(options, (link) => {
      this.#link = link;
    });
  }

  #address() {
    if (this.#server === undefined) return { url: this.#options.nats ?? '' };
    const { budget } = this.#server;
    const disk = { folder: this.#lock.folder, reserveBytes: this.#options.diskReserveBytes };
    return {
      ...this.#server.accessAs('node'),
      disk,
      maxBytes: budget.photos,
      maxDeadLetterBytes: budget.deadLetters,
      maxBlobBytes: budget.blobs,
    };
  }

  /** What serves HTTP finds the cluster through this, as long as it is there. */
  #startGateway() {
    const { maxPhotoBytes, httpNats } = this.#options;
    return gatewayChild(
      () => ({
        link: this.#opened,
        access: httpNats === undefined ? this.#server?.accessAs('operator') : { url: httpNats },
        maxPhotoBytes,
      }),
      (gateway) => {
        this.#gateway = gateway;
      },
    );
  }

  #startHttp() {
    const parts = {
      folder: this.#lock.folder,
      metrics: this.#metrics,
      ready: () => this.#stopping === undefined && this.#link?.connection.connected === true,
      gateway: () => this.#gateway,
      log: this.#log,
    };
    return httpChild(this.#options, parts, (http) => {
      this.#http = http;
    });
  }
}

/** 0 is one a core. */
function threadsOf(option: number): number {
  return option === 0 ? availableParallelism() : option;
}
