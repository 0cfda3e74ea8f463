import { systemClock, type Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { ActorSystem } from '../../src/runtime/index.ts';
import { Connection } from '../../src/transport/connection.ts';
import { RunRecords } from '../../src/transport/run-records.ts';
import type { ScheduleRecord } from '../../src/transport/schedule-record.ts';
import { ScheduleRecords } from '../../src/transport/schedule-records.ts';
import { scheduler } from '../../actors/scheduler.ts';

/** A clock whose time stands still until a test says that some has passed, or that somebody has set it; timers are real. */
export class WallClock implements Clock {
  #now: number;
  #monotonic = 0;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, action: () => void) {
    return systemClock.after(delayMs, action);
  }

  /** Time goes on until then. */
  pass(until: number): void {
    this.#monotonic += until - this.#now;
    this.#now = until;
  }

  /** Somebody sets the clock. */
  set(now: number): void {
    this.#now = now;
  }
}

/** Leaders' schedulers of one cluster, in this process. */
export class SchedulerCluster {
  readonly connection: Connection;
  readonly records: ScheduleRecords;
  readonly runs: RunRecords;
  readonly clock: WallClock;
  /** The node with the stores; away while it is `undefined`. */
  storeNode: string | undefined = 'n1';
  readonly #systems: ActorSystem[] = [];

  private constructor(connection: Connection, records: ScheduleRecords, runs: RunRecords, clock: WallClock) {
    this.connection = connection;
    this.records = records;
    this.runs = runs;
    this.clock = clock;
  }

  /** @param now - what its clock shows first, ms */
  static async open(url: string, now: number): Promise<SchedulerCluster> {
    const connection = await Connection.open({ url, role: 'node', name: 'test' });
    const [records, runs] = [await ScheduleRecords.open(connection), await RunRecords.open(connection)];
    return new SchedulerCluster(connection, records, runs, new WallClock(now));
  }

  /** Adds a schedule that does `rescore` every hour, unless told otherwise. */
  add(name: string, spec: Partial<ScheduleRecord['spec']> = {}): Promise<ScheduleRecord> {
    const given: ScheduleRecord['spec'] = {
      ...{ name, when: '0 * * * *', zone: 'UTC', start: '2026-01-01T00:00', overlap: 'skip', catchUp: 'one' },
      job: { kind: 'rescore', which: 'stale' },
      ...spec,
    };
    return this.records.add(given, this.clock.now());
  }

  /** Leads for a term; `over` resolves when it has ended by itself, `stop` ends it. */
  async lead(term: number): Promise<{ over: Promise<unknown>; stop: () => Promise<void> }> {
    const system = new ActorSystem({ clock: systemClock, node: 'n1' });
    this.#systems.push(system);
    const { records, runs, clock } = this;
    const argument = {
      ...{ lead: { term, isCurrent: true }, records, runs, clock, periodMs: 20, log: silentLog },
      storeNode: () => this.storeNode,
      resolve: (job: ScheduleRecord['spec']['job']) => Promise.resolve(job),
    };
    const started = await system.spawn(scheduler, argument);
    if (!started.ok) throw started.fault;
    return { over: system.whenDown(started.ref), stop: () => this.#end(system) };
  }

  /** What has become of the times of a schedule, the earliest first: `done`, `skipped` … */
  async states(name: string): Promise<string[]> {
    return (await this.records.get(name)).firings.map(({ state }) => state).reverse();
  }

  async close(): Promise<void> {
    for (const system of this.#systems) await system.stop(5_000);
    await this.connection.close();
  }

  async #end(system: ActorSystem): Promise<void> {
    this.#systems.splice(this.#systems.indexOf(system), 1);
    await system.stop(5_000);
  }
}
