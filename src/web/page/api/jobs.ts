import { call, callIfThere, path } from './call.ts';
import type { Run, Schedule } from './types.ts';

/** Runs that are remembered, the latest first. @throws ApiError */
export async function listJobs(signal?: AbortSignal): Promise<readonly Run[]> {
  return (await call<{ jobs: readonly Run[] }>('jobs', { signal })).jobs;
}

/** Has photos scored again by their stored features. @throws ApiError */
export function startRescoring(which: 'stale' | 'all'): Promise<Run> {
  return call('jobs', { method: 'POST', body: { kind: 'rescore', which } });
}

/** Ends a run; what it has done so far is kept. @throws ApiError */
export function cancelJob({ id }: Run): Promise<Run> {
  return call(path`jobs/${id}/cancel`, { method: 'POST' });
}

/** Goes on with a run that failed or was cancelled. @throws ApiError */
export function resumeJob({ id }: Run): Promise<Run> {
  return call(path`jobs/${id}/resume`, { method: 'POST' });
}

/** When runs start by themselves; `undefined` where the node knows no schedules. @throws ApiError */
export async function listSchedules(signal?: AbortSignal): Promise<readonly Schedule[] | undefined> {
  return (await callIfThere<{ schedules: readonly Schedule[] }>('schedules', { signal }))?.schedules;
}

/** Does something with a schedule: `run` starts it now. @throws ApiError */
export async function actOnSchedule(
  { spec: { name } }: Schedule,
  act: 'run' | 'pause' | 'resume',
): Promise<void> {
  await call(path`schedules/${name}/${act}`, { method: 'POST' });
}
