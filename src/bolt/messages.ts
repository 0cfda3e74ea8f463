import type { BoltOutput, BoltTuple } from '../transport/bolt-tuple.ts';

/** Version of what a node and the process of a bolt say to each other; `docs/bolts.md` describes it. */
export const boltProtocol = 1;

/** A line that a bolt writes, at most, bytes. */
export const maxLineBytes = 2 ** 20;

/** Which task a process is. */
export interface BoltTaskPlace {
  readonly topology: string;
  readonly component: string;
  /** Its number among the tasks of its component. */
  readonly task: number;
}

/** One tuple for the process; `bytes` of the photo follow its line. */
export interface ProcessRequest {
  /** Numbers them from 1; the answer has the same. */
  readonly n: number;
  readonly tuple: BoltTuple;
  readonly bytes?: number;
}

/** A line that the node writes. */
export type MessageToBolt =
  { readonly hello: BoltTaskPlace & { readonly protocol: number } } | { readonly process: ProcessRequest };

/** How much a line of a bolt matters. */
export type BoltLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A line that the process writes. */
export type MessageFromBolt =
  | { readonly ready: { readonly protocol: number } }
  | { readonly done: { readonly n: number; readonly output: BoltOutput } }
  | { readonly failed: { readonly n: number; readonly message: string } }
  | { readonly log: { readonly level: BoltLogLevel; readonly message: string } };
