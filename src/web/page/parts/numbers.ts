const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A count: `12,345`. */
export function count(value: number): string {
  return whole.format(value);
}

/** A count and its noun: `1 photo`, `12,345 photos`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A fraction: `93 %`. */
export function percent(fraction: number): string {
  return `${String(Math.round(fraction * 100))} %`;
}

/** A fraction as tables of models show it: `0.474`. */
export function fraction(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(3);
}

/** A quantity to three digits: `41.7`. */
export function quantity(value: number): string {
  return short.format(value);
}

/** Bytes: `24.1 MB`. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return `${quantity(value / 1000 ** step)} ${units[step] ?? ''}`;
}

/** A length of time: `3 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${String(hours)} h ${String(minutes % 60)} min`;
  return `${String(Math.floor(hours / 24))} days`;
}

/** A moment, ms since the epoch, in this browser's words. */
export function when(at: number): string {
  return moment.format(at);
}

/** Enough of an id to know it by. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
