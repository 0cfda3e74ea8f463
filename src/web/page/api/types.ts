import type { DeadLetter, ModelRecord, PhotoResult, RunRecord } from '../../../transport/payloads.ts';
import type { ReplyOf, RequestOf } from '../../../transport/requests.ts';

export type { DeadLetter, PhotoResult };

/** A model of the registry. */
export type Model = ModelRecord;

/** A run of training or tagging. */
export type Run = RunRecord;

/** Some of what a run has no tags for. */
export type FailurePage = ReplyOf<'runFailures'>;

/** A page of dead letters. */
export type DeadLetterPage = ReplyOf<'deadList'>;

/** Every model, and the one in use. */
export type Models = ReplyOf<'modelList'>;

/** One model's evaluation against another's. */
export type ModelDiff = ReplyOf<'modelDiff'>;

/** What a person says of a tag. */
export type Verdict = Correction['verdict'];

/** A tag of a photo that a person has spoken of. */
export type Correction = ReplyOf<'correct'>['corrections'][number];

/** A stored photo. */
export interface Photo extends Pick<ReplyOf<'photo'>, 'owner' | 'taggedAt'> {
  readonly id: string;
  readonly file?: string;
  readonly model?: string;
  /** Missing if it has not been tagged. */
  readonly tags?: readonly Tag[];
  readonly attributes?: Hit['attributes'];
  readonly corrections?: readonly Correction[];
  readonly deadLetters: readonly DeadLetter[];
}

/** A photo that a search has found. */
export type Hit = ReplyOf<'search'>['photos'][number];

/** One tag of a photo; `score` 0 to 1. */
export type Tag = Hit['tags'][number];

/** A photo that looks like another one. */
export type RelatedPhoto = ReplyOf<'related'>['photos'][number];

/** How many photos have a tag. */
export type TagCount = ReplyOf<'tags'>['tags'][number];

/** A page of a search. */
export interface SearchPage extends Omit<ReplyOf<'search'>, 'photos'> {
  readonly hits: readonly Hit[];
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
export type Schedule = ReplyOf<'scheduleList'>['schedules'][number];

/** A time of a schedule, and what has become of it. */
export type Firing = ReplyOf<'scheduleRun'>;

/** A schedule, and what has become of its last times. */
export type ScheduleHistory = ReplyOf<'scheduleShow'>;

/** A schedule that is to be added. */
export type NewSchedule = RequestOf<'scheduleAdd'>;
