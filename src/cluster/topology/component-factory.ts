import type { ChildSpec } from '../../runtime/index.ts';
import type { DesiredState } from '../../transport/topology-records.ts';
import type { BoltProgram, BundleRef, Component } from '../../transport/topology-spec.ts';

/** What a task of a user's bolt runs. */
export interface TaskProgram {
  readonly program: BoltProgram;
  /** Its files; a topology that was deployed has them. */
  readonly bundle: BundleRef | undefined;
  /** See `revisionOf`. */
  readonly revision: string;
}

/** A task that a node carries out. */
export interface Task {
  readonly topology: string;
  readonly component: string;
  readonly kind: Component['kind'];
  /** Its number among the tasks of its component, unique in the cluster. */
  readonly index: number;
  /** Its number among those of its component on this node, the lowest free one from 0; its own while it is there. */
  readonly place: number;
  /** Without, it is a component that every node knows. */
  readonly runs?: TaskProgram;
}

/** Makes tasks run: what a component is, the composition root knows. */
export interface ComponentFactory {
  /**
   * The child that is this task. It is always restarted; without a backoff of its own, after pauses that grow to 10 s.
   * Of a user's bolt there may be two of an index, of different revisions: the later one takes over the name when it runs.
   * @throws Fault that says why this node cannot have it; it is tried again
   */
  child(task: Task): Pick<ChildSpec, 'start' | 'shutdown' | 'backoff'>;
  /**
   * Lets a spout take nothing new, for good: resolves when nothing is under way that it took. It is ended then, or when its
   * time is up, and started anew when it is wanted again.
   */
  pause(task: Task): Promise<void>;
  /** Told what is wanted in the cluster, before this node says that it acts on it. */
  follow(desired: DesiredState): void;
  /** Told which bundles are named by a topology, or by a task of this node: others may be removed. */
  retain(bundles: ReadonlySet<string>): void;
}
