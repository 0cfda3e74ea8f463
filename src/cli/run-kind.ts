import type { RunSpec } from '../transport/run-spec.ts';

/** A kind of run, which is the name of its command. */
export type RunKind = RunSpec['kind'];

/** What people call a run of a kind. */
export const runNouns: Readonly<Record<RunKind, string>> = { train: 'training run', tag: 'tagging run' };

/** Whether a run is of a kind. */
export function isOfKind(run: string, kind: RunKind): boolean {
  return run.startsWith(`${kind}-`);
}

/** The command that a run belongs to: an id begins with its kind. */
export function commandOf(run: string): string {
  return `cluster ${run.slice(0, run.indexOf('-'))}`;
}
