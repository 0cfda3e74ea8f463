import type { RunSpec } from '../transport/run-spec.ts';

/** A kind of run for people, which is the name of its command. */
export type RunKind = 'train' | 'tag' | 'prune';

/** What the command starts. */
const started: Readonly<Record<RunKind, readonly RunSpec['kind'][]>> = {
  train: ['train'],
  tag: ['tag', 'rescore'],
  prune: ['prune'],
};

/** What people call a run of a kind. */
export const runNouns: Readonly<Record<RunKind, string>> = {
  train: 'training run',
  tag: 'tagging run',
  prune: 'pruning run',
};

/** Whether a run is of a kind: its id begins with what it is. */
export function isOfKind(run: string, kind: RunKind): boolean {
  return started[kind].some((what) => run.startsWith(`${what}-`));
}

/** The command that a run belongs to. */
export function commandOf(run: string): string {
  const kinds: readonly RunKind[] = ['train', 'prune'];
  return `cluster ${kinds.find((kind) => isOfKind(run, kind)) ?? 'tag'}`;
}
