import { signal } from '@preact/signals';
import { onEvent } from '../api/events.ts';
import { listJobs } from '../api/jobs.ts';
import type { Run } from '../api/types.ts';
import { RunPace } from '../../../transport/run-pace.ts';

/** Runs that are remembered, the latest first; `undefined` before they are known. */
export const jobs = signal<readonly Run[]>();

/** Why they could not be listed the last time. */
export const jobsError = signal<unknown>();

const paces = new Map<string, RunPace>();

/** How fast a run gets on; unknown at first. */
export function paceOf(run: Run) {
  return paces.get(run.id)?.of(run);
}

/** Takes in a run as it is now. */
export function jobSeen(run: Run): void {
  const pace = paces.get(run.id) ?? new RunPace();
  pace.note(run);
  if (run.state === 'running') paces.set(run.id, pace);
  else paces.delete(run.id);
  const others = (jobs.value ?? []).filter(({ id }) => id !== run.id);
  jobs.value = [...others, run].sort((a, b) => b.startedAt - a.startedAt);
}

/** Lists runs anew. */
export async function loadJobs(): Promise<void> {
  try {
    const list = await listJobs();
    jobs.value = list;
    jobsError.value = undefined;
    for (const run of list) jobSeen(run);
  } catch (error) {
    jobsError.value = error;
  }
}

/** Follows runs as long as the page is open. */
export function followJobs(): void {
  onEvent('job', jobSeen);
  void loadJobs();
}
