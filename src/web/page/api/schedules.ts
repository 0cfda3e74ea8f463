import { call, path } from './call.ts';
import type { Firing, NewSchedule, Schedule, ScheduleHistory } from './types.ts';

/** When runs start by themselves, by name. @throws ApiError */
export async function listSchedules(signal?: AbortSignal): Promise<readonly Schedule[]> {
  return (await call<{ schedules: readonly Schedule[] }>('schedules', { signal })).schedules;
}

/** What has become of the last times of a schedule, the latest first. @throws ApiError */
export async function scheduleHistory(name: string, signal?: AbortSignal): Promise<readonly Firing[]> {
  return (await call<ScheduleHistory>(path`schedules/${name}`, { signal })).firings;
}

/** Adds a schedule. @throws ApiError */
export function addSchedule(schedule: NewSchedule): Promise<Schedule> {
  return call('schedules', { method: 'POST', body: schedule });
}

/** Does something with a schedule: `run` starts it now. @throws ApiError */
export async function actOnSchedule(name: string, act: 'run' | 'pause' | 'resume'): Promise<void> {
  await call(path`schedules/${name}/${act}`, { method: 'POST' });
}

/** Removes a schedule; a run of it that is under way goes on. @throws ApiError */
export async function removeSchedule(name: string): Promise<void> {
  await call(path`schedules/${name}`, { method: 'DELETE' });
}
