import type { Plain } from './snapshot.ts';

/** Whether a child is a leaf of the supervision tree or a supervisor. */
export type ChildType = 'worker' | 'supervisor';

/** Where a process is in its life. `suspended` ones take no messages until they are resumed. */
export type Phase = 'starting' | 'running' | 'suspended' | 'ending' | 'ended';

/** One process at a glance; plain data. */
export interface ProcessStatus {
  readonly node: string;
  readonly pid: string;
  /** Registered name. */
  readonly name: string | null;
  /** Id in its supervisor's child specs, or `null`. */
  readonly child: string | null;
  /** Pid of the supervisor or linked spawner. */
  readonly parent: string | null;
  /** The behaviour's kind, or `external`. */
  readonly kind: string;
  readonly type: ChildType;
  readonly phase: Phase;
  /** Wall time of the start, ms since the epoch. */
  readonly startedAt: number;
  /** How often its supervisor has restarted it. */
  readonly restarts: number;
  readonly links: number;
  /** Monitors of it, and calls that wait for it. */
  readonly watchers: number;
  /** `null` for a child that is no actor. */
  readonly mailbox: MailboxStatus | null;
}

/** What an actor has before it and behind it; plain data. */
export interface MailboxStatus {
  /** Messages that wait. */
  readonly length: number;
  /** `null`: no limit. */
  readonly limit: number | null;
  /** Signals that wait. */
  readonly signals: number;
  /** Messages and signals done. */
  readonly handled: number;
  /** What it has been awaiting, and for how long; `null` between messages. */
  readonly current: { readonly forMs: number; readonly content: Plain } | null;
}

/** What waits for an actor; plain data, cut to size. */
export interface MailboxReport extends ProcessStatus {
  readonly mailbox: MailboxStatus;
  /** The first that wait, in their order. */
  readonly messages: readonly Plain[];
  /** The first that wait, in their order; they come before the messages. */
  readonly signals: readonly Plain[];
}

/** One node of the supervision tree; plain data. */
export interface TreeNode {
  /** Id of the child spec. */
  readonly id: string;
  readonly type: ChildType;
  /** `null` while it is restarting, and once it has ended. */
  readonly pid: string | null;
  readonly name: string | null;
  readonly phase: Phase | 'restarting';
  readonly restarts: number;
  /** Of a supervisor. */
  readonly strategy?: string;
  /** Of a supervisor, in start order. */
  readonly children?: readonly TreeNode[];
}
