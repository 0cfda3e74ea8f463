import type { Task } from './component-factory.ts';
import { TaskGroup, type TaskGroupOptions } from './task-group.ts';

/** What the groups of a topology work with. */
export interface TaskGroupsOptions extends Pick<TaskGroupOptions, 'parent' | 'ending' | 'monitor'> {
  readonly topology: string;
  /** The incarnation. */
  readonly id: string;
  /** Told the name of a group whose supervisor has given up. */
  readonly onLost: (group: string) => void;
}

/** The groups of the tasks of one topology on this node, see {@link groupOf}. */
export class TaskGroups {
  readonly #options: TaskGroupsOptions;
  readonly #groups = new Map<string, TaskGroup>();

  constructor(options: TaskGroupsOptions) {
    this.#options = options;
  }

  /** Whether anything of one is here. */
  get areOpen(): boolean {
    return [...this.#groups.values()].some(({ isOpen }) => isOpen);
  }

  get names(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** The group of a task, which is made if it is not there. */
  of(task: Pick<Task, 'component' | 'runs'>): TaskGroup {
    const name = groupOf(task);
    const { topology, id, parent, ending, monitor, onLost } = this.#options;
    const group =
      this.#groups.get(name) ??
      new TaskGroup({
        ...{ id: `${topology}:${id}${name}`, name: `topology/${topology}${name}` },
        ...{ parent, ending, monitor },
        onLost: () => {
          onLost(name);
        },
      });
    this.#groups.set(name, group);
    return group;
  }

  /** Ends all tasks of a group. */
  async end(name: string): Promise<void> {
    await this.#groups.get(name)?.endAll();
  }

  /** Forgets a group that has no tasks. */
  forget(name: string): void {
    this.#groups.delete(name);
  }
}

/** The name of the group that a task belongs to: all that every node knows have one, each revision of a user's bolt another. */
export function groupOf({ component, runs }: Pick<Task, 'component' | 'runs'>): string {
  return runs === undefined ? '' : `/${component}/${runs.revision}`;
}
