import { call, path } from './call.ts';
import type { Run } from './types.ts';

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
