import type { DeadLetter, ModelRecord, PhotoResult, RunRecord } from '../../../transport/payloads.ts';
import type { ReplyOf } from '../../../transport/requests.ts';

export type { DeadLetter, PhotoResult };

/** A model of the registry. */
export type Model = ModelRecord;

/** A run of training or tagging. */
export type Run = RunRecord;

/** A page of dead letters. */
export type DeadLetterPage = ReplyOf<'deadList'>;

/** Every model, and the one in use. */
export type Models = ReplyOf<'modelList'>;

/** One model's evaluation against another's. */
export type ModelDiff = ReplyOf<'modelDiff'>;

/** One tag of a photo; `score` 0 to 1. */
export interface Tag {
  readonly tag: string;
  readonly score: number;
  /** Where a person has accepted it, and not the machine. */
  readonly by?: 'user' | undefined;
}

/** What a person says of a tag. */
export type Verdict = 'accept' | 'reject';

/** A stored photo. */
export interface Photo {
  readonly id: string;
  readonly file?: string;
  readonly owner?: string;
  readonly model?: string;
  /** ms since the epoch */
  readonly taggedAt?: number;
  readonly width?: number;
  readonly height?: number;
  /** Missing if it has not been tagged. */
  readonly tags?: readonly Tag[];
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly corrections?: readonly { readonly tag: string; readonly verdict: Verdict }[];
  readonly deadLetters: readonly DeadLetter[];
}

/** A photo that a search has found. */
export interface Hit {
  readonly id: string;
  readonly file?: string;
  readonly score: number;
  readonly model: string;
  readonly taggedAt: number;
  readonly tags: readonly Tag[];
}

/** How many photos have a tag. */
export interface TagCount {
  readonly tag: string;
  readonly photos: number;
}

/** A page of a search. */
export interface SearchPage {
  readonly hits: readonly Hit[];
  /** Where the next page begins. */
  readonly next?: string;
  /** How many photos there are, `more` if at least so many. */
  readonly total?: { readonly photos: number; readonly more: boolean };
  readonly facets?: readonly TagCount[];
}

/** A node: what others know of it, and what it says of itself where it answers. */
export interface ClusterNode {
  readonly name: string;
  readonly state: 'alive' | 'stopped' | 'failed' | 'lost';
  readonly version: string;
  readonly takes: 'all' | 'photos' | 'tasks';
  readonly threads: number;
  readonly jobThreads: number;
  /** Of the process: another one after each start. */
  readonly incarnation: string;
  readonly departure?: { readonly at: number; readonly why?: string };
  /** Only of a node that answers, as what follows. */
  readonly uptimeMs?: number;
  readonly memory?: { readonly rss: number };
  readonly eventLoopDelay?: { readonly p99Ms: number };
}

/** The cluster at one moment. */
export interface ClusterState {
  readonly leader?: string;
  /** Those that are gone included. */
  readonly nodes: readonly ClusterNode[];
  /** Missing while the node with the store is away. */
  readonly status?: ReplyOf<'status'> & { readonly store?: { readonly photos?: number } };
}

/** A process of a node and those below it. */
export interface TreeNode {
  readonly id: string;
  readonly type: 'worker' | 'supervisor';
  readonly pid: string | null;
  readonly name: string | null;
  readonly phase: 'starting' | 'running' | 'suspended' | 'ending' | 'ended' | 'restarting';
  readonly restarts: number;
  readonly strategy?: string;
  readonly children?: readonly TreeNode[];
}

/** A run that starts by itself. */
export interface Schedule {
  readonly spec: { readonly name: string; readonly when: string; readonly zone: string };
  readonly state: 'active' | 'paused';
  /** Missing while it is paused. */
  readonly nextAt?: number;
  readonly last?: { readonly at: number; readonly state: string; readonly reason?: string };
}
