import type { BoltOutput, BoltTuple } from '../transport/bolt-tuple.ts';
import type { BoltLogLevel, BoltTaskPlace } from './messages.ts';

export type { BoltOutput, BoltTuple } from '../transport/bolt-tuple.ts';
export type { BoltTaskPlace } from './messages.ts';

/** Writes lines to the node's log: at most 256 a minute, the rest are counted. `console.log` ends up there as well. */
export type BoltLog = Readonly<Record<BoltLogLevel, (message: string) => void>>;

/** What a bolt works with for one tuple. */
export interface BoltInput {
  /** The photo as the bolts before this one have left it. */
  readonly tuple: BoltTuple;
  /** The bytes of its file, its own to change; empty unless the program of the component has `reads: 'photo'`. */
  readonly photo: Uint8Array<ArrayBuffer>;
  /** Aborted when the process is about to end. */
  readonly signal: AbortSignal;
  readonly log: BoltLog;
}

/** A bolt: what its process does, one tuple at a time. */
export interface Bolt {
  /**
   * Called once, before the first tuple; a process that is not ready within 10 s is ended, as is one that throws here.
   */
  readonly init?: (place: BoltTaskPlace, log: BoltLog) => void | Promise<void>;
  /**
   * Says what to add to a tuple: attributes, or other tags in place of its own; nothing is fine too. An error that is
   * thrown costs the photo an attempt, and the process goes on.
   */
  readonly process: (input: BoltInput) => BoltOutput | undefined | Promise<BoltOutput | undefined>;
}

/** Defines a bolt, as the default export of its file: `export default bolt({ process: … })`. */
export function bolt(definition: Bolt): Bolt {
  return definition;
}
