import { z } from 'zod';
import { nodeName, wireFault } from './payloads.ts';
import { topologyName, topologySpec } from './topology-spec.ts';

const count = z.int().min(0);

/** Who wrote a spec: `builtin` is as Autotag has it, and follows an Autotag that has it otherwise. */
const origin = z.enum(['builtin', 'operator']);
/** See {@link TopologyRecord}. */
export type Origin = z.infer<typeof origin>;

/** What operators want of a topology. */
export const topologyRecord = z.object({
  name: topologyName,
  /** Of this incarnation: deployed again, it has another one. */
  id: z.string().min(1).max(64),
  spec: topologySpec,
  /** Of the spec. */
  origin: origin.default('builtin'),
  /** What a rollback brings back: what it was before the last deploy or rollback. */
  previous: z.object({ spec: topologySpec, origin }).optional(),
  /** `killing`: its spouts end, then the rest; `killed`: nothing of it is left but its name. */
  state: z.enum(['active', 'inactive', 'killing', 'killed']),
  /** From 1, of every change. */
  version: count,
  /** Nodes that its tasks may be on, at most; all without. */
  nodes: z.int().min(1).optional(),
  /** Tasks by component, where a rebalance has changed them. */
  parallelism: z.record(topologyName, z.int().min(1)),
  /** How long its spouts may take to finish what they have when it is killed. */
  killAfterMs: count.optional(),
  /** ms since the epoch */
  createdAt: z.number(),
  /** ms since the epoch */
  updatedAt: z.number(),
});
/** See {@link topologyRecord}. */
export type TopologyRecord = z.infer<typeof topologyRecord>;

/** A task of a topology, and the node that it is placed on. */
const assignedTask = z.object({
  component: topologyName,
  /** Its number among the tasks of its component; not all numbers need be there. */
  index: count,
  /** `null` while no node can have it. */
  node: nodeName.nullable(),
});
/** See {@link assignedTask}. */
export type AssignedTask = z.infer<typeof assignedTask>;

/** Where a leader has placed the tasks of a topology. */
export const assignmentRecord = z.object({
  topology: topologyName,
  /** The incarnation that it is for. */
  id: z.string().min(1).max(64),
  /** The version of the topology that it is for, also where that changes no task. */
  version: count,
  /** Of the leader that wrote it. */
  term: count,
  tasks: z.array(assignedTask),
});
/** See {@link assignmentRecord}. */
export type AssignmentRecord = z.infer<typeof assignmentRecord>;

/** A task as its node sees it. */
const reportedTask = z.object({
  component: topologyName,
  kind: z.enum(['spout', 'bolt']),
  index: count,
  /** Of a user's bolt: see `revisionOf`. While it is upgraded there may be two of an index. */
  revision: z.string().max(16).optional(),
  /** `draining`: takes nothing new, and ends when it has finished what it has; `failed`: will be started again. */
  state: z.enum(['starting', 'running', 'draining', 'failed']),
  /** Since it is in this state, ms since the epoch. */
  since: z.number(),
  /** How often it has crashed and was started again, since it was first started. */
  restarts: count.optional(),
  /** Why it failed or crashed last. */
  fault: wireFault.optional(),
});
/** See {@link reportedTask}. */
export type ReportedTask = z.infer<typeof reportedTask>;

/** What a node says of its tasks. */
export const nodeReport = z.object({
  node: nodeName,
  topologies: z.array(
    z.object({
      name: topologyName,
      id: z.string().min(1).max(64),
      /** The version of the topology that the node acts on. */
      version: count,
      tasks: z.array(reportedTask),
    }),
  ),
});
/** See {@link nodeReport}. */
export type NodeReport = z.infer<typeof nodeReport>;
