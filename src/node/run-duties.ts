import { join } from 'node:path';
import { ClusterTasks } from '../../actors/cluster-tasks.ts';
import { ModelComparison } from '../../actors/model-comparison.ts';
import { runCoordinator, runCoordinatorName } from '../../actors/run-coordinator.ts';
import { runOfJob } from '../../actors/scheduled-job.ts';
import { schedulerKeeper, schedulerKeeperName } from '../../actors/scheduler-keeper.ts';
import { taskRunner, taskRunnerName } from '../../actors/task-runner.ts';
import { TrainingRecords } from '../../actors/training-records.ts';
import { workflows } from '../../actors/workflows.ts';
import { systemClock } from '../base/clock.ts';
import { liveNodes } from '../cluster/topology/nimbus-keeper.ts';
import { actor } from '../runtime/index.ts';
import type { ChildStart } from '../runtime/index.ts';
import type { NodeLink } from '../transport/node-link.ts';
import type { ScheduledJob } from '../transport/run-spec.ts';
import { logOf, type NodeBelongings } from './belongings.ts';
import { modelActivator, modelLibrary } from './models.ts';

/** Coordinates the runs of this node; they need the features that it keeps. */
export function runs(own: NodeBelongings, link: NodeLink): ChildStart {
  const { connection, tasks: queue, taskRecords, runs: records, exchange } = link;
  const { jobs: pool, runFolders: folders } = own;
  const [node, log, blobs] = [own.options.name, logOf(own, runCoordinatorName), own.blobs.own.store];
  const trained = new TrainingRecords(join(own.folder, 'training'));
  return actor(
    runCoordinator,
    {
      node,
      records,
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
      workflow: workflows(workflowServices(own, link, trained)),
      forget: (photo) => trained.forget(photo),
      sweep: async (resumable) => {
        await trained.sweep(blobs, pool, resumable);
        await folders.sweep(new Set((await records.list()).map(({ id }) => id)));
      },
      log,
    },
    { name: runCoordinatorName },
  );
}

function workflowServices(own: NodeBelongings, link: NodeLink, trained: TrainingRecords) {
  const { runs: records, tasks: queue, taskRecords, exchange, registry, activations, deadLetters } = link;
  const { extractors, limits } = own.threads;
  const { features, models, results, runFolders: folders, store: tags } = own;
  const [library, activator] = [modelLibrary(own, link), modelActivator(own, link)];
  return {
    ...{ extractors, limits, features, blobs: own.blobs.own.store, registry },
    ...{ library, activations, activator, trained, comparison: new ModelComparison(registry) },
    ...{ tags, results, models, log: logOf(own, runCoordinatorName) },
    ...{ deadLetters, runs: records, leftovers: { queue, records: taskRecords, exchange }, folders },
  };
}

/** Takes tasks of runs that any node coordinates. */
export function tasks(own: NodeBelongings, link: NodeLink): ChildStart {
  const { tasks: queue, taskRecords: records, runs: runRecords, exchange } = link;
  const { jobs: pool, blobs } = own;
  const { name: node, ackWaitMs } = own.options;
  const [clock, log] = [systemClock, logOf(own, taskRunnerName)];
  return actor(
    taskRunner,
    { node, queue, records, runs: runRecords, exchange, blobs, pool, clock, log, ackWaitMs },
    { name: taskRunnerName },
  );
}

/** Begins the runs of schedules while this node leads. */
export function schedules(own: NodeBelongings, link: NodeLink): ChildStart {
  const { schedules: records, runs: runRecords, registry } = link;
  const { view } = own.place;
  const argument = {
    ...{ records, runs: runRecords, clock: systemClock, log: logOf(own, schedulerKeeperName) },
    storeNode: () => liveNodes(view).find(({ holdsStore }) => holdsStore)?.name,
    resolve: (job: ScheduledJob) => runOfJob(job, registry),
  };
  return actor(schedulerKeeper, argument, { name: schedulerKeeperName });
}
