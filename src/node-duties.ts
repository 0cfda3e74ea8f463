import { join } from 'node:path';
import { apiTokenService } from '../actors/api-token-service.ts';
import { blobService } from '../actors/blob-service.ts';
import { correctionService } from '../actors/correction-service.ts';
import { deadLetterService } from '../actors/dead-letter-service.ts';
import { FailurePolicy } from '../actors/failure-policy.ts';
import { modelKeeper, modelKeeperName } from '../actors/model-keeper.ts';
import { ModelActivator } from '../actors/model-activator.ts';
import { ModelComparison } from '../actors/model-comparison.ts';
import { modelService } from '../actors/model-service.ts';
import { ModelUploads } from '../actors/model-uploads.ts';
import { nodeMonitor, nodeMonitorName } from '../actors/node-monitor.ts';
import { photoComponents, photoTopology } from '../actors/photo-topology.ts';
import type { Threads } from '../actors/prepare-threads.ts';
import { modelOf, tagService } from '../actors/tag-service.ts';
import { featureStoresChild } from '../actors/feature-stores-child.ts';
import { storeChild } from '../actors/store-child.ts';
import { thumbnailService } from '../actors/thumbnail-service.ts';
import { ClusterTasks } from '../actors/cluster-tasks.ts';
import type { LocalResultStore } from '../actors/local-result-store.ts';
import { RemoteResultStore } from '../actors/remote-result-store.ts';
import { relatedService } from '../actors/related-service.ts';
import { resultService } from '../actors/result-service.ts';
import type { ResultStore } from '../actors/result-store.ts';
import type { RunBlobs } from '../actors/run-blobs.ts';
import type { RunFolders } from '../actors/run-folders.ts';
import { runCoordinator, runCoordinatorName } from '../actors/run-coordinator.ts';
import { runService } from '../actors/run-service.ts';
import { runOfJob } from '../actors/scheduled-job.ts';
import { scheduleService } from '../actors/schedule-service.ts';
import { schedulerKeeper, schedulerKeeperName } from '../actors/scheduler-keeper.ts';
import { taskRunner, taskRunnerName } from '../actors/task-runner.ts';
import { TrainingRecords } from '../actors/training-records.ts';
import { flow } from '../actors/flow.ts';
import { flowName, photoSpoutName } from '../actors/tuple.ts';
import { workflows } from '../actors/workflows.ts';
import { systemClock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { RecentLines } from './base/recent-lines.ts';
import type { Metrics } from './base/metrics.ts';
import type { NodeOptions } from './base/options.ts';
import { packageVersion, setupFiles } from './base/package-root.ts';
import { ActiveBolts } from './cluster/bolt/active-bolts.ts';
import type { AuditLog } from './cluster/audit-log.ts';
import type { ClusterPlace } from './cluster/cluster-place.ts';
import { inspection } from './cluster/inspection.ts';
import { diskGuardChild } from './cluster/nats-children.ts';
import { BoltTrials } from './cluster/bolt-trials.ts';
import { BundleFolder } from './cluster/bundle-folder.ts';
import { deadReport, queueReport } from './cluster/node-report.ts';
import { service } from './cluster/service.ts';
import type { Endpoint } from './cluster/service.ts';
import { liveNodes, nimbusKeeper } from './cluster/topology/nimbus-keeper.ts';
import { programComponents } from './cluster/topology/program-components.ts';
import { topologies } from './cluster/topology/reconciler.ts';
import { topologyService } from './cluster/topology/topology-service.ts';
import type { EmbeddedFeatureStores } from './model/feature-store/embedded-feature-stores.ts';
import { ModelLibrary } from './model/model-library.ts';
import type { ActiveModel } from './pool/active-model.ts';
import type { JobPool } from './pool/job-pool.ts';
import { actor, ActorName, external, supervisor } from './runtime/index.ts';
import type { ChildSpec, ChildStart, SupervisorSpec, ActorSystem } from './runtime/index.ts';
import type { SupervisedTagStore } from './store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from './store/supervised-thumbnail-store.ts';
import type { ModelRegistry } from './transport/model-registry.ts';
import type { NodeLink } from './transport/node-link.ts';
import type { ScheduledJob } from './transport/run-spec.ts';

/** Topologies that every cluster has. */
const builtins = [photoTopology];

/** What a node has before it is admitted to its cluster. */
export interface NodeBelongings {
  readonly options: NodeOptions;
  /** The data folder. */
  readonly folder: string;
  readonly folders: {
    /** Models as they are in the registry. */
    readonly models: string;
    /** Models that are being sent or made. */
    readonly incoming: string;
    /** Bundles that are unpacked. */
    readonly bundles: string;
    /** Bundles that are being tried. */
    readonly trials: string;
  };
  readonly system: ActorSystem;
  readonly log: Log;
  readonly recent: RecentLines;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  readonly models: ActiveModel;
  readonly store: SupervisedTagStore;
  readonly features: EmbeddedFeatureStores;
  readonly thumbnails: SupervisedThumbnailStore;
  readonly results: LocalResultStore;
  readonly blobs: RunBlobs;
  readonly runFolders: RunFolders;
  readonly place: ClusterPlace;
  readonly threads: Threads;
  readonly jobs: JobPool;
  /** For what somebody waits for: it has no runs. */
  readonly answers: JobPool;
  /** Largest queue of photos on this node's own nats-server, if it has one. */
  readonly queueBytes: number | undefined;
}

/** What a node does in its cluster, once its link is there: put together from the actors, each time anew. */
export class NodeDuties {
  readonly #own: NodeBelongings;
  readonly #link: NodeLink;

  constructor(own: NodeBelongings, link: NodeLink) {
    this.#own = own;
    this.#link = link;
  }

  /** In the order in which they need each other. */
  spec(): SupervisorSpec {
    return {
      strategy: 'rest_for_one',
      intensity: { maxRestarts: 5, windowMs: 30_000 },
      children: [
        ...(this.#holdsStore ? [{ id: 'stores', start: supervisor(this.#stores()) }] : []),
        ...this.#photoWork(),
        ...this.#taskWork(),
        ...this.#runWork(),
        { id: 'services', start: supervisor(this.#services()) },
        { id: 'nimbus', start: this.#nimbus() },
        { id: 'schedules', start: this.#scheduler() },
      ],
    };
  }

  /** Opened again whenever they break down, while the rest goes on and waits for them. */
  #stores(): SupervisorSpec {
    const backoff = { initialMs: 50, maxMs: 10_000 };
    return {
      intensity: { maxRestarts: 10, windowMs: 60_000 },
      children: [
        { id: 'tag-store', start: external(storeChild(this.#own.store)), backoff },
        { id: 'thumbnail-store', start: external(storeChild(this.#own.thumbnails)), backoff },
        { id: 'feature-stores', start: external(featureStoresChild(this.#own.features)), backoff },
      ],
    };
  }

  #photoWork(): ChildSpec[] {
    if (!this.#takesPhotos) return [];
    return [
      { id: 'models', start: this.#modelKeeper() },
      { id: 'topologies', start: supervisor(this.#topologies()) },
    ];
  }

  #taskWork(): ChildSpec[] {
    return this.#takesTasks ? [{ id: 'tasks', start: this.#taskRunner() }] : [];
  }

  /** A run needs the features that this node keeps. */
  #runWork(): ChildSpec[] {
    if (!this.#holdsStore) return [];
    return [{ id: 'runs', start: this.#runCoordinator() }];
  }

  #runCoordinator(): ChildStart {
    const {
      threads: { extractors, limits },
      jobs: pool,
    } = this.#own;
    const {
      connection,
      tasks: queue,
      taskRecords,
      runs,
      exchange,
      registry,
      activations,
      deadLetters,
    } = this.#link;
    const [node, log, blobs] = [
      this.#own.options.name,
      this.#logOf(runCoordinatorName),
      this.#own.blobs.own.store,
    ];
    const trained = new TrainingRecords(join(this.#own.folder, 'training'));
    const [library, activator] = [this.#library(registry), this.#modelActivator()];
    const services = {
      ...{ extractors, limits, features: this.#own.features, blobs, registry },
      ...{ library, activations, activator, trained, comparison: new ModelComparison(registry) },
      ...{ tags: this.#own.store, results: this.#own.results, models: this.#own.models, log },
      ...{ deadLetters, runs, leftovers: { queue, records: taskRecords, exchange } },
      folders: this.#own.runFolders,
    };
    return actor(
      runCoordinator,
      {
        node,
        records: runs,
        openTasks: (run) =>
          ClusterTasks.open({
            run,
            node,
            connection,
            queue,
            records: taskRecords,
            exchange,
            blobs,
            pool,
            log,
          }),
        workflow: workflows(services),
        forget: (photo) => trained.forget(photo),
        sweep: async (resumable) => {
          await trained.sweep(blobs, pool, resumable);
          await this.#own.runFolders.sweep(new Set((await runs.list()).map(({ id }) => id)));
        },
        log,
      },
      { name: runCoordinatorName },
    );
  }

  #taskRunner(): ChildStart {
    const { jobs: pool } = this.#own;
    const { tasks: queue, taskRecords: records, runs, exchange } = this.#link;
    const [node, blobs, clock, log] = [
      this.#own.options.name,
      this.#own.blobs,
      systemClock,
      this.#logOf(taskRunnerName),
    ];
    const { ackWaitMs } = this.#own.options;
    return actor(
      taskRunner,
      { node, queue, records, runs, exchange, blobs, pool, clock, log, ackWaitMs },
      { name: taskRunnerName },
    );
  }

  #modelKeeper(): ChildStart {
    const { extractors } = this.#own.threads;
    const { activations, registry } = this.#link;
    const library = this.#library(registry);
    const [models, metrics, log] = [this.#own.models, this.#own.metrics, this.#logOf(modelKeeperName)];
    return actor(
      modelKeeper,
      { activations, registry, library, models, extractors, metrics, log },
      { name: modelKeeperName },
    );
  }

  #library(registry: ModelRegistry): ModelLibrary {
    return new ModelLibrary(this.#own.folders.models, setupFiles.starterModel, registry);
  }

  #modelService(): readonly Endpoint[] {
    const { activations, registry } = this.#link;
    const { incoming: folder } = this.#own.folders;
    const { diskReserveBytes: reserveBytes } = this.#own.options;
    return modelService({
      node: this.#own.options.name,
      activations,
      registry,
      library: this.#library(registry),
      comparison: new ModelComparison(registry),
      activator: this.#modelActivator(),
      uploads: new ModelUploads({ folder, clock: systemClock, reserveBytes }),
    });
  }

  #modelActivator(): ModelActivator {
    const { activations, registry } = this.#link;
    const [library, comparison] = [this.#library(registry), new ModelComparison(registry)];
    const keeper = this.#own.system.ref(modelKeeperName);
    return new ModelActivator({
      activations,
      registry,
      library,
      comparison,
      keeper,
      folder: this.#own.folders.incoming,
    });
  }

  /** The tasks that the leader has placed here. */
  #topologies(): SupervisorSpec {
    const { slots } = this.#own.threads;
    const { queue, attempts, deadLetters, results, topologies: records } = this.#link;
    const { maxAttempts, ackWaitMs, window } = this.#own.options;
    const [metrics, log, clock] = [this.#own.metrics, this.#logOf(photoSpoutName), systemClock];
    const bolts = new ActiveBolts();
    const builtin = photoComponents({
      queue,
      store: this.#resultStore(),
      results,
      failures: new FailurePolicy({ attempts, deadLetters, results, metrics, log, clock, maxAttempts }),
      slots,
      models: this.#own.models,
      bolts,
      metrics,
      window: window === 0 ? Math.max(32, 8 * slots.length) : window,
      ackWaitMs,
      spout: this.#own.system.ref(photoSpoutName),
    });
    const bundles = new BundleFolder(this.#own.folders.bundles, this.#link.bundles, this.#own.log);
    const factory = programComponents({ bundles, builtin, log: this.#own.log });
    const spec = topologies({ node: this.#own.options.name, records, factory, log: this.#own.log });
    const start = actor(flow, { bolts, metrics }, { name: flowName, mailboxLimit: 8_192 });
    return { ...spec, children: [...spec.children, { id: 'flow', start }] };
  }

  #nimbus(): ChildStart {
    const { topologies: records } = this.#link;
    const { view } = this.#own.place;
    return actor(nimbusKeeper, { node: this.#own.options.name, records, view, builtins, log: this.#own.log });
  }

  #scheduler(): ChildStart {
    const { schedules: records, runs, registry } = this.#link;
    const { view } = this.#own.place;
    const argument = {
      ...{ records, runs, clock: systemClock, log: this.#logOf(schedulerKeeperName) },
      storeNode: () => liveNodes(view).find(({ holdsStore }) => holdsStore)?.name,
      resolve: (job: ScheduledJob) => runOfJob(job, registry),
    };
    return actor(schedulerKeeper, argument, { name: schedulerKeeperName });
  }

  #resultStore(): ResultStore {
    const { store } = this.#own.place.seat;
    return store.at === 'other'
      ? new RemoteResultStore(this.#link.connection, store.node)
      : this.#own.results;
  }

  #services(): SupervisorSpec {
    const { connection, queue, tasks, deadLetters, exchange } = this.#link;
    const [metrics, audit] = [this.#own.metrics, this.#own.audit];
    const inspect = inspection({
      system: this.#own.system,
      clock: systemClock,
      version: packageVersion,
      view: this.#own.place.view,
      options: this.#own.options,
      recent: this.#own.recent,
      audit,
      queues: async () => {
        const [photos, waiting, dead] = await Promise.all([
          queue.status(),
          tasks.status(),
          deadLetters.status(),
        ]);
        const now = systemClock.now();
        return {
          photos: queueReport(photos, now),
          tasks: queueReport(waiting, now),
          'dead letters': deadReport(dead, now),
        };
      },
      eventLoopDelay: () => metrics.eventLoopDelay(),
      about: () => ({
        ...(this.#takesPhotos ? modelOf(this.#own.models) : {}),
        jobThreads: this.#takesTasks ? this.#own.jobs.parallelism : 0,
      }),
    });
    const services = {
      ...this.#photoServices(),
      inspection: inspect,
      blobs: blobService({ node: this.#own.options.name, exchange, blobs: this.#own.blobs }),
    };
    return {
      intensity: { maxRestarts: 5, windowMs: 30_000 },
      children: [
        ...Object.entries(services).map(([id, endpoints]) => ({
          id,
          start: actor(
            service,
            { connection, endpoints, audit },
            { name: new ActorName<never>(`services/${id}`) },
          ),
        })),
        {
          id: 'monitor',
          start: actor(
            nodeMonitor,
            { queue, metrics, thumbnails: this.#keptThumbnails },
            { name: nodeMonitorName },
          ),
        },
        ...this.#diskGuard(),
      ],
    };
  }

  #photoServices(): Readonly<Record<string, readonly Endpoint[]>> {
    if (!this.#takesPhotos) return {};
    return {
      'dead-letters': deadLetterService(this.#link.deadLetters),
      topologies: this.#topologyService(),
      models: this.#modelService(),
      schedules: scheduleService(this.#link.schedules, systemClock),
      'api-tokens': apiTokenService(this.#link.apiTokens),
      ...(this.#holdsStore ? this.#storeServices() : {}),
    };
  }

  #topologyService(): readonly Endpoint[] {
    const { topologies: records, bundles } = this.#link;
    const { log, folders, place } = this.#own;
    const trials = new BoltTrials({ folder: folders.trials, log, clock: systemClock });
    return topologyService({
      ...{ records, bundles, builtins, log },
      members: { live: () => liveNodes(place.view) },
      tryPrograms: (spec, files) => trials.run(spec, files),
    });
  }

  /** Whoever answers these must have the tags and the features. */
  #storeServices(): Readonly<Record<string, readonly Endpoint[]>> {
    const { queue, deadLetters } = this.#link;
    const tags = tagService({
      node: this.#own.options.name,
      version: packageVersion,
      store: this.#own.store,
      features: this.#own.features,
      thumbnails: this.#own.thumbnails,
      results: this.#own.results,
      queue,
      deadLetters,
      models: this.#own.models,
      view: this.#own.place.view,
      forgetInTraining: (photo) => this.#own.system.ref(runCoordinatorName).call({ type: 'forget', photo }),
    });
    return {
      tags,
      corrections: correctionService({ store: this.#own.store, clock: systemClock }),
      related: relatedService({
        store: this.#own.store,
        features: this.#own.features,
        extractors: this.#own.threads.extractors,
        models: this.#own.models,
        pool: this.#own.answers,
      }),
      thumbnails: thumbnailService(this.#own.thumbnails),
      results: resultService(this.#own.options.name, this.#own.results),
      runs: runService({
        node: this.#own.options.name,
        records: this.#link.runs,
        coordinator: this.#own.system.ref(runCoordinatorName),
        folders: this.#own.runFolders,
      }),
    };
  }

  #diskGuard(): ChildSpec[] {
    const { queueBytes } = this.#own;
    if (queueBytes === undefined) return [];
    const guarded = {
      folder: this.#own.folder,
      reserveBytes: this.#own.options.diskReserveBytes,
      queueBytes,
    };
    return [{ id: 'disk-guard', start: external(diskGuardChild(this.#link, guarded, this.#own.log)) }];
  }

  /** Lines that name the actor, for what logs on its behalf. */
  #logOf({ name }: ActorName<never>): Log {
    return this.#own.log.child({ actor: name });
  }

  get #takesPhotos(): boolean {
    return this.#own.options.takes !== 'tasks';
  }

  get #takesTasks(): boolean {
    return this.#own.options.takes !== 'photos';
  }

  /** Where it has them. */
  get #keptThumbnails(): SupervisedThumbnailStore | undefined {
    return this.#holdsStore ? this.#own.thumbnails : undefined;
  }

  /** Whether this is the node that has the stores of the cluster. */
  get #holdsStore(): boolean {
    return this.#own.place.seat.store.at === 'own';
  }
}
