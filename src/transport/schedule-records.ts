import { Fault } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import { JsonBucket } from './json-bucket.ts';
import { checkTerm } from './led-record.ts';
import { names } from './photo-stream.ts';
import { scheduleRecord, type ScheduleRecord } from './schedule-record.ts';

/** Schedules of a cluster. */
export const maxSchedules = 1_000;
/** What a job may take, so that its record has room for what becomes of it. */
const maxJobBytes = 128 * 1024;

/** How a record changes; the same object means that it does not. */
export type ScheduleChange = (record: ScheduleRecord) => ScheduleRecord;

/** The schedules of the cluster, in KV: a record each, with what has become of its last times. Everything is written by revision. */
export class ScheduleRecords {
  readonly #bucket: JsonBucket<ScheduleRecord>;

  private constructor(bucket: JsonBucket<ScheduleRecord>) {
    this.#bucket = bucket;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(
    connection: Connection,
    options: { readonly replicas?: number } = {},
  ): Promise<ScheduleRecords> {
    return new ScheduleRecords(await JsonBucket.open(connection, names.schedules, scheduleRecord, options));
  }

  /**
   * Adds a checked schedule.
   * @throws Fault `SCHEDULE_EXISTS`, `SCHEDULES_FULL`, `REQUEST_INVALID` (its job is too large), `NATS_UNREACHABLE`
   */
  async add(spec: ScheduleRecord['spec'], now: number): Promise<ScheduleRecord> {
    if (JSON.stringify(spec.job).length > maxJobBytes)
      throw new Fault('REQUEST_INVALID', {
        reason: `its job takes more than ${String(maxJobBytes)} bytes; name folders instead of files`,
      });
    const keys = await this.#bucket.keys(scheduleKey('*'));
    if (keys.includes(scheduleKey(spec.name))) throw new Fault('SCHEDULE_EXISTS', { name: spec.name });
    if (keys.length >= maxSchedules) throw new Fault('SCHEDULES_FULL', { limit: maxSchedules });
    const record: ScheduleRecord = {
      ...{ spec, state: 'active', term: 0 },
      ...{ decidedUntil: now, firings: [], createdAt: now },
    };
    if ((await this.#bucket.put(scheduleKey(spec.name), record, 0)) !== undefined) return record;
    throw new Fault('SCHEDULE_EXISTS', { name: spec.name });
  }

  /**
   * A schedule.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  async get(name: string): Promise<ScheduleRecord> {
    const found = await this.#bucket.get(scheduleKey(name));
    if (found === undefined) throw new Fault('NOT_FOUND', { what: 'schedule', id: name });
    return found.value;
  }

  /**
   * Every schedule, by name.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async list(): Promise<ScheduleRecord[]> {
    const found = await this.#bucket.list(scheduleKey('*'));
    const records = Array.from(found.values(), ({ value }) => value);
    return records.sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  }

  /**
   * Changes a schedule, whoever else does so meanwhile.
   * @param term - of the leader that does, if one does
   * @throws Fault `NOT_FOUND`; `TERM_OVER` if a leader of a later term has written it; `NATS_UNREACHABLE`
   */
  async change(name: string, change: ScheduleChange, term?: number): Promise<ScheduleRecord> {
    for (;;) {
      const before = await this.#bucket.get(scheduleKey(name));
      if (before === undefined) throw new Fault('NOT_FOUND', { what: 'schedule', id: name });
      if (term !== undefined) checkTerm(before.value, term);
      const changed = change(before.value);
      if (changed === before.value) return changed;
      const stamped = { ...changed, term: term ?? changed.term };
      if ((await this.#bucket.put(scheduleKey(name), stamped, before.revision)) !== undefined) return stamped;
    }
  }

  /**
   * Removes a schedule; a run of it that is under way goes on.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  async remove(name: string): Promise<void> {
    await this.get(name);
    await this.#bucket.erase(scheduleKey(name));
  }

  /**
   * Calls `onChange` for each schedule that there is, and for each change but a removal; the answer ends that.
   * @throws Fault `NATS_UNREACHABLE`
   */
  watch(onChange: (record: ScheduleRecord) => void): Promise<() => void> {
    return this.#bucket.watch(scheduleKey('*'), (_, { value }) => {
      onChange(value);
    });
  }
}

function scheduleKey(name: string): string {
  return `schedule.${name}`;
}
