import { Fault } from '../base/errors.ts';
import type { Process } from './process.ts';
import type { Registry } from './registry.ts';
import type { Plain } from './snapshot.ts';
import type { MailboxReport, ProcessStatus, TreeNode } from './status.ts';
import type { TraceOptions, TraceReport } from './trace.ts';

const shownMessages = 10;

/**
 * Looks at the processes of one node. It asks the runtime rather than the behaviour, so that an answer comes also from
 * an actor that is suspended, wedged in what it awaits, or has a full mailbox. Everything returned is plain data.
 *
 * A `target` is a registered name or a pid; every method that takes one throws Fault `ACTOR_UNKNOWN`, and those for
 * actors alone `REQUEST_INVALID` for an external child.
 */
export class Inspector {
  readonly #registry: Registry<Process>;
  readonly #root: () => Process | undefined;

  constructor(registry: Registry<Process>, root: () => Process | undefined) {
    this.#registry = registry;
    this.#root = root;
  }

  /** Every process, in the order of their start. */
  list(): readonly ProcessStatus[] {
    return this.#registry.all().map((process) => process.status());
  }

  /** The supervision tree; `null` when there is none. */
  tree(): TreeNode | null {
    const root = this.#root();
    if (root === undefined) return null;
    const { pid, name, phase, restarts, type } = root.status();
    return { id: 'root', type, pid, name, phase, restarts, ...root.subtree() };
  }

  status(target: string): ProcessStatus {
    return this.#find(target).status();
  }

  /** What waits for an actor: the first `limit` messages, and as many signals. */
  mailbox(target: string, limit = shownMessages): MailboxReport {
    return this.#find(target).mailbox(limit);
  }

  /** The state between messages, as the behaviour's `describe` shows it. */
  state(target: string): Plain {
    return this.#find(target).describe();
  }

  /** Lets an actor finish the message at hand and take no more; orders to end still reach it. */
  suspend(target: string): void {
    this.#find(target).suspend();
  }

  resume(target: string): void {
    this.#find(target).resume();
  }

  /** Records an actor's messages from now on; a new trace replaces the old one. */
  trace(target: string, options: TraceOptions = {}): void {
    this.#find(target).trace(options);
  }

  /** What the latest trace has recorded after the entry of this number, also when it has ended. */
  traced(target: string, after = 0): TraceReport {
    return this.#find(target).traced(after);
  }

  #find(target: string): Process {
    const process = this.#registry.get(target);
    if (process === undefined) throw new Fault('ACTOR_UNKNOWN', { name: target });
    return process;
  }
}
