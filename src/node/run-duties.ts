import { join } from 'node:path';
import { ClusterTasks } from '../../actors/cluster-tasks.ts';
import { erasures } from '../../actors/erasures.ts';
import { ModelComparison } from '../../actors/model-comparison.ts';
import { runCoordinator, runCoordinatorName } from '../../actors/run-coordinator.ts';
import { runOfJob } from '../../actors/scheduled-job.ts';
import { schedulerKeeper, schedulerKeeperName } from '../../actors/scheduler-keeper.ts';
import { taskRunner, taskRunnerName } from '../../actors/task-runner.ts';
import { TrainingRecords } from '../../actors/training-records.ts';
import { workflows } from '../../actors/workflows.ts';
import { systemClock } from '../base/clock.ts';
import { actor } from '../runtime/index.ts';
import type { ChildSpec, ChildStart } from '../runtime/index.ts';
import type { NodeLink } from '../transport/node-link.ts';
import type { ScheduledJob } from '../transport/run-spec.ts';
import { coordinatesRuns, logOf, type NodeBelongings } from './belongings.ts';
import { modelActivator, modelLibrary } from './models.ts';

/** Coordinates the runs of this node, and keeps out of them what is forgotten on others. */
export function runDuties(own: NodeBelongings, link: NodeLink): readonly ChildSpec[] {
  const { shared } = own.stores;
  const tell = (photo: string) => tellRuns(own, photo);
  return [
    { id: 'runs', start: runs(own, link) },
    ...(shared === undefined ? [] : [{ id: 'erasures', start: actor(erasures, { features: shared, tell }) }]),
  ];
}

/**
 * Takes a photo out of runs, and of what models were trained on. Where features are in a database, that is noted there for the node
 * that has the runs.
 */
export async function forgetInRuns(own: NodeBelongings, photo: string): Promise<void> {
  if (own.stores.shared === undefined) await tellRuns(own, photo);
  else if (coordinatesRuns(own)) await own.stores.shared.followErasures((noted) => tellRuns(own, noted));
}

function tellRuns({ system }: NodeBelongings, photo: string): Promise<true> {
  return system.ref(runCoordinatorName).call({ type: 'forget', photo });
}

function runs(own: NodeBelongings, link: NodeLink): ChildStart {
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
  const { models, runFolders: folders } = own;
  const { features, results, tags } = own.stores;
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
    storeNode: () => view.alive.find(({ holdsStore }) => holdsStore)?.name,
    resolve: (job: ScheduledJob) => runOfJob(job, registry),
  };
  return actor(schedulerKeeper, argument, { name: schedulerKeeperName });
}
