/** What the clocks of a time zone show, such as `2026-11-29T03:00`. */
export function localTime(ms: number, zone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return format.format(ms).replace(' ', 'T');
}

/** Whether this machine knows the rules of a time zone, by its IANA name. */
export function isTimeZone(zone: string): boolean {
  try {
    localTime(0, zone);
    return true;
  } catch {
    return false;
  }
}
