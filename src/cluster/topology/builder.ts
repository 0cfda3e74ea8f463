import type { BoltProgram, Component, Grouping, TopologySpec } from '../../transport/topology-spec.ts';
import { checkTopology } from './topology-check.ts';

/** Whose tuples a bolt gets, and how they are shared out among its tasks. */
export interface Input<Source extends string = string> {
  readonly from: Source;
  readonly grouping: Grouping;
}

/** How a component is laid out. */
export interface ComponentOptions {
  /** Tasks: how many, or one for each worker thread or node. Default 1. */
  readonly parallelism?: Component['parallelism'];
  /** `store`: only on nodes that hold the tag store. Default `anywhere`. */
  readonly placement?: Component['placement'];
}

/** How a bolt is laid out. */
export interface BoltOptions<Source extends string> extends ComponentOptions {
  /** One input, or several of different sources. */
  readonly grouping: Input<Source> | readonly Input<Source>[];
  /** What it runs; without, it is one that every node knows. */
  readonly program?: BoltProgram;
}

/** How the program of a bolt is run. */
export interface ProgramOptions {
  /** Whether it is given the bytes of photos as well. Default `tuple`. */
  readonly reads?: BoltProgram['reads'];
  /** For one tuple, ms; then its process is ended. Default 5,000. */
  readonly deadlineMs?: number;
  /** Resident memory of its process; beyond, it is ended. Default 512 MiB. */
  readonly memoryBytes?: number;
  /** Files and folders beside the topology's file that it needs, other than those that it is started with. */
  readonly files?: readonly string[];
}

/**
 * What a user's bolt runs, a process a task.
 *
 * @param file - beside the topology's file: a TypeScript or JavaScript module whose default export is a bolt, which is bundled
 * with what it imports; or a command that speaks the bolts' protocol (`docs/bolts.md`), with its arguments
 */
export function program(
  file: string | readonly [string, ...string[]],
  { reads = 'tuple', deadlineMs = 5_000, memoryBytes = 512 * 2 ** 20, files }: ProgramOptions = {},
): BoltProgram {
  const command = typeof file === 'string' ? ['node', file] : [...file];
  return { command, reads, deadlineMs, memoryBytes, ...(files && { files: [...files] }) };
}

/** Each tuple goes to one task of the bolt, the least loaded. */
export function shuffle<const Source extends string>(from: Source): Input<Source> {
  return { from, grouping: { type: 'shuffle' } };
}

/** Tuples with the same values of these fields go to the same task. */
export function fields<const Source extends string>(from: Source, ...names: string[]): Input<Source> {
  return { from, grouping: { type: 'fields', fields: names } };
}

/** Each tuple goes to every task of the bolt. */
export function all<const Source extends string>(from: Source): Input<Source> {
  return { from, grouping: { type: 'all' } };
}

/** Lays out a topology: spouts, then the bolts that they feed, then the bolts that those feed. */
export function topology(name: string): TopologyBuilder<never> {
  return new TopologyBuilder(name, []);
}

/** A topology that is being laid out; it knows the names of its components. */
class TopologyBuilder<Source extends string> {
  readonly #name: string;
  readonly #components: readonly Component[];

  constructor(name: string, components: readonly Component[]) {
    this.#name = name;
    this.#components = components;
  }

  /** Adds a spout, where tuples come from. */
  spout<const Name extends string>(
    name: Name,
    options: ComponentOptions = {},
  ): TopologyBuilder<Source | Name> {
    return this.#with({ ...layout(options), name, kind: 'spout', inputs: [] });
  }

  /** Adds a bolt, which takes tuples of components before it. */
  bolt<const Name extends string>(
    name: Name,
    { grouping, program: runs, ...options }: BoltOptions<Source>,
  ): TopologyBuilder<Source | Name> {
    const inputs = [grouping].flat();
    return this.#with({ ...layout(options), name, kind: 'bolt', inputs, ...(runs && { program: runs }) });
  }

  /**
   * The topology, checked; plain data.
   * @throws Fault `TOPOLOGY_INVALID` that says what does not fit
   */
  build(): TopologySpec {
    return checkTopology({ name: this.#name, components: this.#components });
  }

  #with<Name extends string>(component: Component & { readonly name: Name }): TopologyBuilder<Source | Name> {
    return new TopologyBuilder<Source | Name>(this.#name, [...this.#components, component]);
  }
}

function layout({ parallelism = 1, placement = 'anywhere' }: ComponentOptions) {
  return { parallelism, placement };
}
