import { call, path } from './call.ts';
import type { FailurePage, Run } from './types.ts';

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

/** Has a run rest until it is resumed. @throws ApiError */
export function pauseJob({ id }: Run): Promise<Run> {
  return call(path`jobs/${id}/pause`, { method: 'POST' });
}

/** What a run has no tags for, from `after` on. @throws ApiError */
export function listFailures(id: string, after: number, signal?: AbortSignal): Promise<FailurePage> {
  return call(path`jobs/${id}/failures`, { query: { after }, signal });
}

/** Goes on with a run that failed, was cancelled or paused. @throws ApiError */
export function resumeJob({ id }: Run): Promise<Run> {
  return call(path`jobs/${id}/resume`, { method: 'POST' });
}
