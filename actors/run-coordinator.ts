import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { Behaviour, Request } from '../src/runtime/index.ts';
import type { Json } from '../src/train/task.ts';
import { runSpec, type RunSpec } from '../src/transport/run-spec.ts';
import type { RunRecord, RunRecords } from '../src/transport/run-records.ts';
import { RunProgress } from './run-progress.ts';
import type { ClusterTasks } from './cluster-tasks.ts';

/** What a workflow has to work with, while its run is under way. */
export interface RunContext {
  readonly run: RunRecord;
  readonly tasks: ClusterTasks;
  /** Aborted when the run is cancelled or paused, or the node stops. */
  readonly signal: AbortSignal;
  /** Says how far it is. */
  readonly progress: RunProgress;
}

/** Carries out a run from its beginning; what it did before is found done. Resolves to what is worth telling of it. */
export type Workflow = (spec: RunSpec, context: RunContext) => Promise<Json>;

/** What the run coordinator is told. */
export type RunCoordinatorMessage =
  /** Begin a run; answered when it is on record. */
  | Request<{ readonly type: 'start'; readonly spec: RunSpec }, RunRecord>
  /** Go on with one that failed, was cancelled or paused. */
  | Request<{ readonly type: 'resume'; readonly run: string }, RunRecord>
  /** A photo's features are removed: nothing that was made of them may stay or come back. Answered when that is certain. */
  | Request<{ readonly type: 'forget'; readonly photo: string }, true>
  /** A run's record has changed. */
  | { readonly type: 'changed'; readonly run: RunRecord }
  /** A run of this node is over, here. */
  | { readonly type: 'over'; readonly run: string; readonly again: boolean };

/** The coordinator of this node's runs. */
export const runCoordinatorName = new ActorName<RunCoordinatorMessage>('runs');

/** What the run coordinator works with. */
export interface RunCoordinatorArgument {
  readonly node: string;
  readonly records: RunRecords;
  readonly openTasks: (run: string) => Promise<ClusterTasks>;
  readonly workflow: Workflow;
  /** Notes a photo that runs may not use any more; durable when resolved. */
  readonly forget: (photo: string) => Promise<void>;
  /**
   * Removes what no run needs, and what there is of forgotten photos; called while no run is under way here.
   * `resumable` is when the first run was started that may be gone on with, wall time in ms.
   */
  readonly sweep: (resumable: number | undefined) => Promise<void>;
  readonly log: Log;
}

interface RunCoordinatorState extends RunCoordinatorArgument {
  /** Runs that this node carries out. */
  readonly underWay: Map<string, AbortController>;
  readonly begin: (run: RunRecord) => void;
  readonly unwatch: () => void;
}

const retryMs = 2_000;
const runKinds: readonly RunSpec['kind'][] = ['train', 'tag', 'rescore', 'prune'];
const filledDisk = ['DISK_FULL', 'DISK_RESERVE'];

/**
 * Coordinates the runs that were started on this node: one workflow each, begun again after the death of this actor or of the node.
 * What a workflow does is made of tasks whose results are on record, so that beginning again is going on.
 */
export const runCoordinator: Behaviour<RunCoordinatorState, RunCoordinatorMessage, RunCoordinatorArgument> = {
  kind: 'runs',
  init: async (argument, context) => {
    const underWay = new Map<string, AbortController>();
    const begin = (run: RunRecord): void => {
      if (underWay.has(run.id) || run.node !== argument.node || run.state !== 'running') return;
      // A kind that a newer version has started is left to it.
      if (!runSpec.safeParse(run.spec).success) return;
      const abort = new AbortController();
      underWay.set(run.id, abort);
      void carryOut(argument, run, abort.signal).then((again) => {
        context.self.cast({ type: 'over', run: run.id, again });
      });
    };
    const unwatch = await argument.records.watch((run) => {
      context.self.cast({ type: 'changed', run });
    });
    return { ...argument, underWay, begin, unwatch };
  },
  receive: async (state, message, context) => {
    switch (message.type) {
      case 'start':
        await answer(message, () =>
          state.records.start(message.spec.kind, state.node, message.spec as RunRecord['spec']),
        );
        break;
      case 'resume':
        await answer(message, () => state.records.reopen(message.run, state.node));
        break;
      case 'forget':
        await forget(state, message);
        break;
      case 'changed':
        state.begin(message.run);
        if (message.run.state !== 'running')
          state.underWay
            .get(message.run.id)
            ?.abort(new Fault('CANCELLED', { what: `run ${message.run.id}` }));
        break;
      case 'over':
        state.underWay.delete(message.run);
        if (message.again) context.after(retryMs, { ...message, again: false });
        else await settle(state, message.run, context.after.bind(context));
        break;
    }
    return state;
  },
  terminate: ({ unwatch, underWay }) => {
    unwatch();
    for (const [run, abort] of underWay)
      abort.abort(new Fault('CANCELLED', { what: `run ${run}, until the node is back` }));
  },
  describe: ({ underWay }) => ({ underWay: [...underWay.keys()] }),
};

async function answer(
  { reply }: Extract<RunCoordinatorMessage, { type: 'start' | 'resume' }>,
  make: () => Promise<RunRecord>,
): Promise<void> {
  try {
    // The watch tells of it, and begins it.
    reply.ok(await make());
  } catch (error) {
    reply.fail(Fault.from(error));
  }
}

/** Begins a run that was resumed before it was over here, or whose end is not on record; else removes what is not needed any more. */
async function settle(
  state: RunCoordinatorState,
  run: string,
  after: (ms: number, message: RunCoordinatorMessage) => void,
): Promise<void> {
  const { records, underWay, begin, log } = state;
  try {
    const record = await records.get(run);
    if (record?.state === 'running') begin(record);
    else if (underWay.size === 0) await state.sweep(await firstResumable(state));
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.code === 'NATS_UNREACHABLE') after(retryMs, { type: 'over', run, again: false });
    else log.warn({ fault: fault.toWire() }, 'what runs have left was not removed');
  }
}

/** When the first run of this node was started that may be gone on with: what it has done is kept, unless it has filled the disk. */
async function firstResumable({ records, node }: RunCoordinatorState): Promise<number | undefined> {
  const latest = await Promise.all(runKinds.map((kind) => records.latest(kind)));
  const resumable = latest.filter((run) => run?.node === node && run.state !== 'done' && !hasFilledDisk(run));
  const starts = resumable.flatMap((run) => (run === undefined ? [] : [run.startedAt]));
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/** Its fault may be that of a task which has failed several times, for this reason. */
function hasFilledDisk({ fault }: RunRecord): boolean {
  return filledDisk.includes(fault?.code ?? '') || /no space left/.test(fault?.message ?? '');
}

/** Training runs under way begin again, without the photo: what was made of others is found done. */
async function forget(
  state: RunCoordinatorState,
  { photo, reply }: Extract<RunCoordinatorMessage, { type: 'forget' }>,
): Promise<void> {
  try {
    await state.forget(photo);
    reply.ok(true);
  } catch (error) {
    reply.fail(Fault.from(error));
    return;
  }
  for (const [run, abort] of state.underWay)
    if (run.startsWith('train-'))
      abort.abort(new Fault('CANCELLED', { what: `run ${run}, to go on without a photo,` }));
  if (state.underWay.size === 0) await sweepForgotten(state);
}

async function sweepForgotten(state: RunCoordinatorState): Promise<void> {
  try {
    await state.sweep(await firstResumable(state));
  } catch (error) {
    state.log.warn(
      { fault: Fault.from(error).toWire() },
      'a photo is not yet out of what models were trained on',
    );
  }
}

/** Carries a run out until it ends; tells whether it is to be begun again: its end could not be written down. */
async function carryOut(
  { records, openTasks, workflow, log }: RunCoordinatorArgument,
  run: RunRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const progress = new RunProgress(run.id, records);
  let tasks: ClusterTasks | undefined;
  try {
    tasks = await openTasks(run.id);
    const spec = runSpec.parse(run.spec);
    const detail = await workflow(spec, { run, tasks, signal, progress });
    await progress.settle();
    await records.end(run.id, { state: 'done', detail: detail as RunRecord['detail'] });
    await tasks.end();
    log.info({ run: run.id }, 'the run is done');
    return false;
  } catch (error) {
    await progress.settle();
    return await giveUp(run, Fault.from(error), { records, signal, log });
  } finally {
    tasks?.close();
  }
}

async function giveUp(
  { id }: RunRecord,
  fault: Fault,
  { records, signal, log }: Pick<RunCoordinatorArgument, 'records' | 'log'> & { signal: AbortSignal },
): Promise<boolean> {
  // Cancelled or paused, which is on record already, or the node stops and will go on.
  if (signal.aborted || fault.code === 'RUN_OVER') return false;
  log.error({ fault: fault.toWire(), run: id }, 'the run failed');
  if (fault.code === 'NATS_UNREACHABLE') return true;
  try {
    await records.end(id, { state: 'failed', fault });
    return false;
  } catch (error) {
    return Fault.from(error).code === 'NATS_UNREACHABLE';
  }
}
