import type { AssignedTask, AssignmentRecord, TopologyRecord } from '../../transport/topology-record.ts';
import { defaultDrainMs } from '../../transport/topology-records.ts';
import { revisionOf, type TopologySpec } from '../../transport/topology-spec.ts';
import type { Task } from './component-factory.ts';
import { againstTheStream } from './topology-check.ts';

/** What a node is to do for a topology. */
export interface Goal {
  readonly version: number;
  readonly spec: TopologySpec;
  /** Its tasks on this node. */
  readonly tasks: readonly AssignedTask[];
  /** Whether spouts take; if not, none of them runs. */
  readonly spouts: boolean;
  /** Whether tasks that do not run are started. */
  readonly starts: boolean;
  /** How long spouts that end may take to finish what they have. */
  readonly drainMs: number;
}

/** What a node is to do for a topology; `undefined` if nobody has said yet. */
export function goalOf(
  node: string,
  { id, state, version, spec, killAfterMs }: TopologyRecord,
  assignment: AssignmentRecord | undefined,
): Goal | undefined {
  const isLasting = state === 'active' || state === 'inactive';
  const goal = {
    version,
    spec,
    spouts: state === 'active',
    starts: isLasting,
    drainMs: state === 'killing' ? (killAfterMs ?? defaultDrainMs) : defaultDrainMs,
  };
  // What is left of it here, nobody waited for.
  if (state === 'killed') return { ...goal, tasks: [], drainMs: 0 };
  if (assignment?.id !== id) return undefined;
  return { ...goal, tasks: assignment.tasks.filter((task) => task.node === node) };
}

/** The same on a node that is about to end. */
export function endingGoal(goal: Goal): Goal {
  return { ...goal, spouts: false, starts: false };
}

/** A task that is to be there; its place is chosen when it is started. */
export type Wanted = Omit<Task, 'place'>;

/** The tasks of a goal, each after all that it feeds. */
export function wantedOf({ spec, tasks, spouts }: Goal): readonly Wanted[] {
  return againstTheStream(spec.components)
    .filter(({ kind }) => kind === 'bolt' || spouts)
    .flatMap((component) => {
      const { name, kind, program } = component;
      const revision = revisionOf(component, spec.bundle);
      const runs = program && { program, bundle: spec.bundle, revision };
      return tasks
        .filter((task) => task.component === name)
        .map(({ index }) => ({ topology: spec.name, component: name, kind, index, ...(runs && { runs }) }));
    });
}
