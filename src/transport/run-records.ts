import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Connection } from './connection.ts';
import { JsonBucket, type Revised } from './json-bucket.ts';
import { runRecord, type RunRecord } from './payloads.ts';
import { names } from './photo-stream.ts';

export type { RunRecord };

/** What a run tells of itself. */
export type RunChange = Partial<Pick<RunRecord, 'step' | 'progress' | 'detail'>>;

/** How a run ended. */
export type RunEnd =
  | { readonly state: 'done' | 'cancelled' | 'paused'; readonly detail?: RunRecord['detail'] }
  | { readonly state: 'failed'; readonly fault: Fault };

/** Ended runs that are remembered. */
const pastKept = 32;

/**
 * The runs of the cluster: of each kind the latest one, which may be under way, and those before it.
 *
 * One key a kind holds the latest run, written by revision: so two of a kind cannot be under way at once.
 */
export class RunRecords {
  readonly #bucket: JsonBucket<RunRecord>;

  private constructor(bucket: JsonBucket<RunRecord>) {
    this.#bucket = bucket;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(
    connection: Connection,
    options: { readonly replicas?: number } = {},
  ): Promise<RunRecords> {
    return new RunRecords(await JsonBucket.open(connection, names.runs, runRecord, options));
  }

  /**
   * Starts a run of a kind (`[a-z]+`), coordinated by `node`. Under an id that it is given it begins once: asked for again, that run is the answer,
   * in whatever state it is.
   * @param id - `kind-token`; default a new one
   * @throws Fault `RUN_ACTIVE` if another of that kind is under way; `REQUEST_INVALID` if `spec` is too large; `NATS_UNREACHABLE`
   */
  async start(
    kind: string,
    node: string,
    spec: RunRecord['spec'],
    id = `${kind}-${randomId()}`,
  ): Promise<RunRecord> {
    const now = Date.now();
    const run: RunRecord = {
      id,
      node,
      spec,
      state: 'running',
      startedAt: now,
      updatedAt: now,
    };
    for (;;) {
      const latest = await this.#bucket.get(latestKey(kind));
      if (latest?.value.id === id) return latest.value;
      const past = await this.#bucket.get(pastKey(id));
      if (past !== undefined) return past.value;
      if (latest?.value.state === 'running')
        throw new Fault('RUN_ACTIVE', { run: latest.value.id, node: latest.value.node });
      // Whoever wrote its end may have died before it was among the past.
      if (latest !== undefined) await this.#bucket.put(pastKey(latest.value.id), latest.value);
      if ((await this.#bucket.put(latestKey(kind), run, latest?.revision ?? 0)) !== undefined) return run;
    }
  }

  /**
   * Takes up again a run that failed, was cancelled or paused, on the node that has its files and results.
   * @throws Fault `NOT_FOUND`; `RUN_OVER` if it is done, `RUN_ACTIVE` if another of its kind is under way; `REQUEST_INVALID` for the
   * run of another node; `NATS_UNREACHABLE`
   */
  async reopen(id: string, node: string): Promise<RunRecord> {
    const key = latestKey(kindOf(id));
    for (;;) {
      const run = await this.get(id);
      if (run === undefined) throw new Fault('NOT_FOUND', { what: 'run', id });
      if (run.node !== node)
        throw new Fault('REQUEST_INVALID', { reason: `the run ${id} is that of the node ${run.node}` });
      if (run.state === 'done') throw new Fault('RUN_OVER', { run: id, state: run.state });
      const latest = await this.#bucket.get(key);
      if (latest?.value.state === 'running')
        throw new Fault('RUN_ACTIVE', { run: latest.value.id, node: latest.value.node });
      const reopened: RunRecord = { ...run, state: 'running', fault: undefined, updatedAt: Date.now() };
      if ((await this.#bucket.put(key, reopened, latest?.revision ?? 0)) !== undefined) return reopened;
    }
  }

  /**
   * The latest run of a kind, or `undefined` if there was none.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async latest(kind: string): Promise<RunRecord | undefined> {
    return (await this.#bucket.get(latestKey(kind)))?.value;
  }

  /**
   * A run by its id, or `undefined` if it is unknown or forgotten.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async get(id: string): Promise<RunRecord | undefined> {
    const latest = await this.latest(kindOf(id));
    return latest?.id === id ? latest : (await this.#bucket.get(pastKey(id)))?.value;
  }

  /**
   * Whether a run is under way.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async isActive(id: string): Promise<boolean> {
    const latest = await this.latest(kindOf(id));
    return latest?.id === id && latest.state === 'running';
  }

  /**
   * All runs that are remembered, the latest first.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async list(): Promise<RunRecord[]> {
    const runs = new Map<string, RunRecord>();
    for (const pattern of ['past.*', 'latest.*'])
      for (const { value } of (await this.#bucket.list(pattern)).values()) runs.set(value.id, value);
    return [...runs.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  /**
   * Writes how far a run is.
   * @throws Fault `RUN_OVER` if it has ended, such as by a cancel; `NATS_UNREACHABLE`
   */
  update(id: string, change: RunChange): Promise<RunRecord> {
    return this.#change(id, (run) => ({ ...run, ...change }));
  }

  /**
   * Writes how a run ended; whoever carries out tasks of it stops.
   * @throws Fault `RUN_OVER` if it has ended before; `NATS_UNREACHABLE`
   */
  async end(id: string, { state, ...outcome }: RunEnd): Promise<RunRecord> {
    const run = await this.#change(id, (before) => ({
      ...before,
      state,
      ...('fault' in outcome ? { fault: outcome.fault.toWire() } : outcome),
    }));
    await this.#bucket.put(pastKey(id), run);
    await this.#trim();
    return run;
  }

  /**
   * Forgets a past run; the latest of a kind stays.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async forget(id: string): Promise<void> {
    await this.#bucket.erase(pastKey(id));
  }

  /**
   * Calls `onChange` for the latest run of each kind, now and whenever it changes; the answer ends that.
   * @throws Fault `NATS_UNREACHABLE`
   */
  watch(onChange: (run: RunRecord) => void): Promise<() => void> {
    return this.#bucket.watch('latest.*', (_, { value }) => {
      onChange(value);
    });
  }

  async #change(id: string, change: (run: RunRecord) => RunRecord): Promise<RunRecord> {
    const key = latestKey(kindOf(id));
    for (;;) {
      const { value, revision } = active(id, await this.#bucket.get(key));
      const changed = { ...change(value), updatedAt: Date.now() };
      if ((await this.#bucket.put(key, changed, revision)) !== undefined) return changed;
    }
  }

  async #trim(): Promise<void> {
    const past = [...(await this.#bucket.list('past.*')).values()].map(({ value }) => value);
    past.sort((a, b) => b.startedAt - a.startedAt);
    for (const { id } of past.slice(pastKept)) await this.#bucket.erase(pastKey(id));
  }
}

function active(id: string, latest: Revised<RunRecord> | undefined): Revised<RunRecord> {
  if (latest?.value.id !== id) throw new Fault('NOT_FOUND', { what: 'run under way', id });
  if (latest.value.state !== 'running') throw new Fault('RUN_OVER', { run: id, state: latest.value.state });
  return latest;
}

function kindOf(id: string): string {
  return id.split('-', 1)[0] ?? '';
}

function latestKey(kind: string): string {
  return `latest.${kind}`;
}

function pastKey(id: string): string {
  return `past.${id}`;
}
