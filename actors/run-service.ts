import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { ActorRef } from '../src/runtime/index.ts';
import type { RunRecords } from '../src/transport/run-records.ts';
import type { RunCoordinatorMessage } from './run-coordinator.ts';
import type { RunFolders } from './run-folders.ts';

/** What the service of runs works with. */
export interface RunServiceOptions {
  readonly node: string;
  readonly records: RunRecords;
  readonly coordinator: ActorRef<RunCoordinatorMessage>;
  readonly folders: RunFolders;
}

/** Runs: started and resumed on the node that has their files; listed, cancelled and paused by any. */
export function runService({ node, records, coordinator, folders }: RunServiceOptions): readonly Endpoint[] {
  return [
    endpoint('runStart', { node }, (spec) => coordinator.call({ type: 'start', spec }), { everyNode: true }),
    endpoint('runResume', { node }, ({ run }) => coordinator.call({ type: 'resume', run }), {
      everyNode: true,
    }),
    endpoint(
      'runList',
      {},
      async ({ run }) => {
        const runs = run === undefined ? await records.list() : [await records.get(run)];
        return { runs: runs.filter((one) => one !== undefined) };
      },
      { unaudited: true },
    ),
    endpoint('runCancel', {}, ({ run }) => records.end(run, { state: 'cancelled' })),
    endpoint('runPause', {}, ({ run }) => records.end(run, { state: 'paused' })),
    endpoint('runFailures', { node }, ({ run, after }) => folders.failures(run, after), {
      everyNode: true,
      unaudited: true,
    }),
  ];
}
