import { apiTokenService } from '../../actors/api-token-service.ts';
import { blobService } from '../../actors/blob-service.ts';
import { correctionService } from '../../actors/correction-service.ts';
import { deadLetterService } from '../../actors/dead-letter-service.ts';
import { ModelComparison } from '../../actors/model-comparison.ts';
import { modelService } from '../../actors/model-service.ts';
import { ModelUploads } from '../../actors/model-uploads.ts';
import { nodeMonitor, nodeMonitorName } from '../../actors/node-monitor.ts';
import { photoTopology } from '../../actors/photo-topology.ts';
import { relatedService } from '../../actors/related-service.ts';
import { resultService } from '../../actors/result-service.ts';
import { runCoordinatorName } from '../../actors/run-coordinator.ts';
import { runService } from '../../actors/run-service.ts';
import { scheduleService } from '../../actors/schedule-service.ts';
import { modelOf, tagService } from '../../actors/tag-service.ts';
import { thumbnailService } from '../../actors/thumbnail-service.ts';
import { systemClock } from '../base/clock.ts';
import { packageVersion } from '../base/package-root.ts';
import { BoltTrials } from '../cluster/bolt-trials.ts';
import { inspection } from '../cluster/inspection.ts';
import { diskGuardChild } from '../cluster/nats-children.ts';
import { deadReport, queueReport } from '../cluster/node-report.ts';
import { service } from '../cluster/service.ts';
import type { Endpoint } from '../cluster/service.ts';
import { liveNodes } from '../cluster/topology/nimbus-keeper.ts';
import { topologyService } from '../cluster/topology/topology-service.ts';
import { actor, ActorName, external } from '../runtime/index.ts';
import type { ChildSpec, SupervisorSpec } from '../runtime/index.ts';
import type { NodeLink } from '../transport/node-link.ts';
import { forgetInRuns } from './run-duties.ts';
import { coordinatesRuns, hasStores, type NodeBelongings, takesPhotos, takesTasks } from './belongings.ts';
import { modelActivator, modelLibrary } from './models.ts';

/** Topologies that every cluster has. */
export const builtins = [photoTopology];

type Services = Readonly<Record<string, readonly Endpoint[]>>;

/** What a node answers, and what it watches. */
export function services(own: NodeBelongings, link: NodeLink): SupervisorSpec {
  const { connection, queue, exchange } = link;
  const { audit, metrics, blobs } = own;
  const answered = {
    ...(takesPhotos(own.options) ? photoServices(own, link) : {}),
    inspection: inspectionOf(own, link),
    blobs: blobService({ node: own.options.name, exchange, blobs }),
  };
  // One of several that have the same.
  const thumbnails = coordinatesRuns(own) ? own.stores.thumbnails : undefined;
  return {
    intensity: { maxRestarts: 5, windowMs: 30_000 },
    children: [
      ...Object.entries(answered).map(([id, endpoints]) => ({
        id,
        start: actor(
          service,
          { connection, endpoints, audit },
          { name: new ActorName<never>(`services/${id}`) },
        ),
      })),
      { id: 'monitor', start: actor(nodeMonitor, { queue, metrics, thumbnails }, { name: nodeMonitorName }) },
      ...diskGuard(own, link),
    ],
  };
}

function inspectionOf(own: NodeBelongings, { queue, tasks, deadLetters }: NodeLink): readonly Endpoint[] {
  const { system, options, recent, audit, metrics, models, jobs, place } = own;
  return inspection({
    ...{ system, clock: systemClock, version: packageVersion, view: place.view, options, recent, audit },
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
      ...(takesPhotos(options) ? modelOf(models) : {}),
      jobThreads: takesTasks(options) ? jobs.parallelism : 0,
    }),
  });
}

function photoServices(own: NodeBelongings, link: NodeLink): Services {
  return {
    'dead-letters': deadLetterService(link.deadLetters),
    topologies: topologiesOf(own, link),
    models: modelsOf(own, link),
    schedules: scheduleService(link.schedules, systemClock),
    'api-tokens': apiTokenService(link.apiTokens),
    ...(hasStores(own) ? storeServices(own, link) : {}),
    ...(coordinatesRuns(own) ? runServices(own, link) : {}),
  };
}

function topologiesOf(own: NodeBelongings, link: NodeLink): readonly Endpoint[] {
  const { topologies: records, bundles } = link;
  const { log, folders, place } = own;
  const trials = new BoltTrials({ folder: folders.trials, log, clock: systemClock });
  return topologyService({
    ...{ records, bundles, builtins, log },
    members: { live: () => liveNodes(place.view) },
    tryPrograms: (spec, files) => trials.run(spec, files),
  });
}

function modelsOf(own: NodeBelongings, link: NodeLink): readonly Endpoint[] {
  const { activations, registry } = link;
  const { name: node, diskReserveBytes: reserveBytes } = own.options;
  return modelService({
    ...{ node, activations, registry },
    library: modelLibrary(own, link),
    comparison: new ModelComparison(registry),
    activator: modelActivator(own, link),
    uploads: new ModelUploads({ folder: own.folders.incoming, clock: systemClock, reserveBytes }),
  });
}

/** Whoever answers these must have the tags and the features. */
function storeServices(own: NodeBelongings, { queue, deadLetters }: NodeLink): Services {
  const { models, threads } = own;
  const { tags: store, features, thumbnails, results } = own.stores;
  return {
    tags: tagService({
      ...{ node: own.options.name, version: packageVersion, store, features, thumbnails, results },
      ...{ queue, deadLetters, models, view: own.place.view },
      forgetInTraining: (photo) => forgetInRuns(own, photo),
    }),
    corrections: correctionService({ store, clock: systemClock }),
    related: relatedService({ store, features, extractors: threads.extractors, models, pool: own.answers }),
    thumbnails: thumbnailService(thumbnails),
  };
}

/** What other nodes and operators ask the node that has the runs. */
function runServices(own: NodeBelongings, { runs: records }: NodeLink): Services {
  const { name: node } = own.options;
  const coordinator = own.system.ref(runCoordinatorName);
  return {
    results: resultService(node, own.stores.results),
    runs: runService({ node, records, coordinator, folders: own.runFolders }),
  };
}

function diskGuard({ queueBytes, folder, options, log }: NodeBelongings, link: NodeLink): ChildSpec[] {
  if (queueBytes === undefined) return [];
  const guarded = { folder, reserveBytes: options.diskReserveBytes, queueBytes };
  return [{ id: 'disk-guard', start: external(diskGuardChild(link, guarded, log)) }];
}
