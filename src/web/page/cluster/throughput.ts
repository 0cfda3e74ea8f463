import { signal } from '@preact/signals';
import { isTagged } from '../api/photos.ts';
import { onEvent } from '../api/events.ts';

/** Seconds that are shown. */
export const secondsShown = 120;
const averagedSeconds = 5;

/** Photos tagged in each of the last seconds, the latest last. */
export const perSecond = signal<readonly number[]>(new Array<number>(secondsShown).fill(0));

let current = 0;

/** Photos a second, lately. */
export function recentRate(): number {
  const latest = perSecond.value.slice(-averagedSeconds);
  return latest.reduce((sum, photos) => sum + photos, 0) / averagedSeconds;
}

/** Counts results of the whole cluster as long as the page is open. */
export function followThroughput(): void {
  onEvent('result', (result) => {
    if (isTagged(result)) current += 1;
  });
  setInterval(() => {
    perSecond.value = [...perSecond.value.slice(1), current];
    current = 0;
  }, 1_000);
}
