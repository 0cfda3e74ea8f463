import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Name of a topology or component: one token of a key, and readable. */
export const topologyName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'has to be a lower-case letter and up to 31 further letters, digits or hyphens',
  );

/** Tasks that a component may have, at most. */
export const maxParallelism = 1024;

/** Tasks that a topology may have altogether, at most; those that are one a thread or node are not counted. */
export const maxTasks = 4096;

/** Which tasks of a bolt get a tuple. */
export const grouping = z.discriminatedUnion('type', [
  /** one task, the least loaded */
  z.object({ type: z.literal('shuffle') }),
  /** always the same one for the same values of these fields */
  z.object({ type: z.literal('fields'), fields: z.array(z.string().min(1).max(64)).min(1).max(16) }),
  /** every task */
  z.object({ type: z.literal('all') }),
]);
/** See {@link grouping}. */
export type Grouping = z.infer<typeof grouping>;

const parallelism = z.union([
  z.int().min(1).max(maxParallelism),
  /** one task for each worker thread, or for each node: as many as there are */
  z.enum(['threads', 'nodes']),
]);

/** A user's bolt: a process that the node starts for each task, in the folder of the topology's bundle. */
export const boltProgram = z.object({
  /**
   * What is started: `node FILE` is an ES module that exports a bolt; anything else speaks the bolts' protocol on its standard
   * input and output (`docs/bolts.md`).
   */
  command: z.array(z.string().min(1).max(1024)).min(1).max(32),
  /** Whether it is given the bytes of photos as well. */
  reads: z.enum(['tuple', 'photo']),
  /** For one tuple, ms; then the process is killed. */
  deadlineMs: z.int().min(10).max(60_000),
  /** Resident memory of the process; beyond, it is killed. */
  memoryBytes: z
    .int()
    .min(16 * 2 ** 20)
    .max(64 * 2 ** 30),
  /** Files and folders beside the topology's that it reads as well; known only until it is bundled. */
  files: z.array(z.string().min(1).max(1024)).max(256).optional(),
});
/** See {@link boltProgram}. */
export type BoltProgram = z.infer<typeof boltProgram>;

/** The files of users' bolts, as one immutable archive. */
export const bundleRef = z.object({
  /** SHA-256 of the archive. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0),
});
/** See {@link bundleRef}. */
export type BundleRef = z.infer<typeof bundleRef>;

const component = z.object({
  name: topologyName,
  kind: z.enum(['spout', 'bolt']),
  parallelism,
  /** `store`: only on nodes that hold the tag store. */
  placement: z.enum(['anywhere', 'store']),
  /** Whose tuples it gets; none for a spout. */
  inputs: z.array(z.object({ from: topologyName, grouping })).max(64),
  /** What a bolt of a user runs; without it the component is one that every node knows. */
  program: boltProgram.optional(),
});
/** A spout or bolt of a topology. */
export type Component = z.infer<typeof component>;

/** What a topology is made of; whether it makes sense is checked when it is built. */
export const topologySpec = z.object({
  name: topologyName,
  components: z.array(component).min(1).max(64),
  /** Of the programs of its bolts, if there are any. */
  bundle: bundleRef.optional(),
});
/** See {@link topologySpec}. */
export type TopologySpec = z.infer<typeof topologySpec>;

/**
 * What tells the tasks of a component before an upgrade from those after it: 8 hex digits, the same while its program and the
 * bundle stay. Without a program it never changes. Tasks of two revisions share their actor's name: the later takes it over.
 */
export function revisionOf({ program }: Component, bundle: BundleRef | undefined): string {
  const definition =
    program === undefined ? 'built-in' : JSON.stringify([boltProgram.parse(program), bundle?.id]);
  return createHash('sha256').update(definition).digest('hex').slice(0, 8);
}

/** Tasks that a topology has whatever nodes there are, where a rebalance has given some components a number. */
export function fixedTasks(
  components: readonly Component[],
  rebalanced: Readonly<Record<string, number>> = {},
): number {
  const counts = components.map(({ name, parallelism }) => rebalanced[name] ?? parallelism);
  return counts.reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0);
}
