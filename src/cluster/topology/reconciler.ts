import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { actor, ActorName, supervisor } from '../../runtime/index.ts';
import type {
  Behaviour,
  Context,
  MonitorId,
  Reply,
  Request,
  SupervisorMessage,
  SupervisorSpec,
} from '../../runtime/index.ts';
import { bundlesOf } from '../../transport/topology-change.ts';
import type { TopologyRecord } from '../../transport/topology-record.ts';
import type { DesiredState, TopologyRecords } from '../../transport/topology-records.ts';
import type { ComponentFactory } from './component-factory.ts';
import { endingGoal, goalOf, type Goal } from './goal.ts';
import { LocalTopology } from './local-topology.ts';
import { NextLook } from './next-look.ts';

/** What the reconciler is told. */
export type ReconcilerMessage =
  | { readonly type: 'look' }
  | { readonly type: 'report' }
  /** The node is about to end: answered when its spouts have finished what they have, or have had their time. */
  | Request<{ readonly type: 'drain' }, undefined>;

/** The reconciler of this node. */
export const reconcilerName = new ActorName<ReconcilerMessage>('reconciler');
/** The supervisor of the topologies of this node. */
const topologiesName = new ActorName<SupervisorMessage>('topologies');

/** What the reconciler works with. */
export interface ReconcilerArgument {
  /** Name of this node. */
  readonly node: string;
  readonly records: TopologyRecords;
  readonly factory: ComponentFactory;
  readonly log: Log;
}

interface ReconcilerState extends ReconcilerArgument {
  readonly context: Context<ReconcilerMessage>;
  readonly local: Map<string, LocalTopology>;
  readonly monitors: Map<MonitorId, () => void>;
  readonly nextLook: NextLook<ReconcilerMessage>;
  readonly nextReport: NextLook<ReconcilerMessage>;
  readonly unwatch: () => void;
  /** The bundles that the factory was told to keep last. */
  retained: string;
  /** The last report that was written. */
  reported: string;
  /** Whoever waits for the end of all spouts. */
  readonly draining: Reply<undefined>[];
}

/** Between two looks that nothing prompted, in case an event was lost, ms. */
const periodMs = 5_000;

/** A node's part of the cluster's topologies: their tasks, and what sees to them. Whoever crashes begins anew. */
export function topologies(argument: ReconcilerArgument): SupervisorSpec {
  return {
    // The tasks' supervisor second: it starts again, without tasks, with the reconciler that knew them.
    strategy: 'rest_for_one',
    intensity: { maxRestarts: 5, windowMs: 30_000 },
    children: [
      { id: 'reconciler', start: actor(reconciler, argument, { name: reconcilerName }) },
      { id: 'topologies', start: supervisor({ children: [] }, { name: topologiesName }) },
    ],
  };
}

/**
 * Makes the tasks of this node what the desired state says, and says how they do.
 *
 * Only what is on record ends something: while KV is away, or has lost a topology, everything goes on as it is.
 */
const reconciler: Behaviour<ReconcilerState, ReconcilerMessage, ReconcilerArgument> = {
  kind: 'reconciler',
  init: async (argument, context) => {
    const nextLook = new NextLook<ReconcilerMessage>(context, { type: 'look' });
    const unwatch = await argument.records.watch(nextLook.prompt);
    nextLook.prompt();
    return {
      ...argument,
      context,
      local: new Map(),
      monitors: new Map(),
      nextLook,
      nextReport: new NextLook<ReconcilerMessage>(context, { type: 'report' }),
      unwatch,
      retained: '',
      reported: '',
      draining: [],
    };
  },
  receive: async (state, message) => {
    switch (message.type) {
      case 'look':
        await look(state);
        break;
      case 'report':
        await report(state);
        break;
      case 'drain':
        state.draining.push(message.reply);
        for (const topology of state.local.values()) topology.aim(endingGoal(topology.goal));
        settleDrain(state);
        break;
    }
    return state;
  },
  signal: (state, signal) => {
    if (signal.type !== 'down') return state;
    state.monitors.get(signal.monitor)?.();
    state.monitors.delete(signal.monitor);
    return state;
  },
  terminate: ({ unwatch }) => {
    unwatch();
  },
  describe: ({ local }) => Array.from(local.values(), (topology) => topology.report()),
};

async function look(state: ReconcilerState): Promise<void> {
  const { nextLook, records, factory, log } = state;
  nextLook.begin();
  try {
    const desired = await records.read();
    factory.follow(desired);
    for (const record of desired.topologies.values()) aimAt(state, record, desired);
    for (const [name, topology] of state.local) if (topology.isOver) state.local.delete(name);
    retainBundles(state, desired);
    state.nextReport.prompt();
  } catch (thrown) {
    log.debug({ fault: Fault.from(thrown).toWire() }, 'the topologies cannot be read; all goes on as it is');
  }
  nextLook.within(periodMs);
}

function aimAt(state: ReconcilerState, record: TopologyRecord, { assignments }: DesiredState): void {
  const { name, id } = record;
  const present = state.local.get(name);
  if (present !== undefined && !present.isOver && present.id !== id) {
    // Another incarnation of this name: it ends first, and nobody waits for what it has.
    present.aim({ ...present.goal, tasks: [], drainMs: 0 });
    return;
  }
  const goal = goalOf(state.node, record, assignments.get(name));
  if (goal === undefined) return;
  const aimed = state.draining.length > 0 ? endingGoal(goal) : goal;
  if (present?.id === id) present.aim(aimed);
  else if (goal.tasks.length > 0) state.local.set(name, newTopology(state, aimed, id));
}

/** Bundles are kept that a topology has, had before, or of which a task is here. */
function retainBundles(state: ReconcilerState, { topologies }: DesiredState): void {
  const used = Array.from(state.local.values(), (topology) => topology.bundles()).flat();
  const ids = new Set([...bundlesOf(topologies.values()), ...used.flatMap((bundle) => bundle?.id ?? [])]);
  const text = [...ids].sort().join();
  if (text === state.retained) return;
  state.retained = text;
  state.factory.retain(ids);
}

function newTopology(state: ReconcilerState, goal: Goal, id: string): LocalTopology {
  const { context, factory, monitors, nextLook, nextReport } = state;
  const { clock, log } = context;
  const topology = new LocalTopology(goal, {
    id,
    parent: context.ref(topologiesName),
    ending: context.ending,
    factory,
    clock,
    log,
    onChange: () => {
      nextReport.prompt();
      settleDrain(state);
      // It may stand in the way of another one of its name.
      if (topology.isOver) nextLook.prompt();
    },
    monitor: (ref, onDown) => {
      monitors.set(context.monitor(ref), onDown);
    },
  });
  return topology;
}

async function report(state: ReconcilerState): Promise<void> {
  const { node, records, local, nextReport, log } = state;
  nextReport.begin();
  const said = { node, topologies: Array.from(local.values(), (topology) => topology.report()) };
  const text = JSON.stringify(said);
  if (text === state.reported) return;
  try {
    await records.report(said);
    state.reported = text;
  } catch (thrown) {
    log.debug({ fault: Fault.from(thrown).toWire() }, 'what the tasks of this node do was not written');
    nextReport.within(periodMs);
  }
}

function settleDrain({ draining, local }: ReconcilerState): void {
  if ([...local.values()].some(({ hasSpouts }) => hasSpouts)) return;
  for (const reply of draining) reply.ok(undefined);
}
