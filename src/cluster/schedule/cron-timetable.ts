import { Cron } from 'croner';
import { Fault, reasonOf } from '../../base/errors.ts';

/** Times by five fields of cron, read by the clocks of a time zone. */
export class CronTimetable {
  readonly #cron: Cron;

  /** @throws Fault `SCHEDULE_INVALID` */
  constructor(expression: string, zone: string) {
    try {
      // Whatever names its hours and minutes comes once on a day that has one of them twice, also a list of hours.
      const options = { mode: '5-part', fixedTimeRule: 'no-wildcard' } as const;
      this.#cron = new Cron(expression, { ...options, timezone: zone, paused: true });
    } catch (error) {
      const reason = reasonOf(error).replace(/^\w+: /, '');
      throw new Fault('SCHEDULE_INVALID', { reason: `"${expression}" is not cron's: ${reason}` }, error);
    }
  }

  next(after: number): number | undefined {
    return this.#cron.nextRun(new Date(after))?.getTime();
  }

  previous(count: number, until: number): readonly number[] {
    // It answers what is before the second that it is given.
    const second = Math.floor(until / 1_000) + 1;
    return this.#cron.previousRuns(count, new Date(second * 1_000)).map((run) => run.getTime());
  }
}
