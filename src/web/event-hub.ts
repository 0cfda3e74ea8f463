import { systemClock, type CancelTimer } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import type { Connection } from '../transport/connection.ts';
import { request } from '../transport/requests.ts';
import { listenToResults, type ResultSubscription } from '../transport/result-publisher.ts';
import type { ClusterOverview } from './cluster-overview.ts';

/** What can be listened to. */
export const topics = ['results', 'jobs', 'cluster'] as const;
/** See {@link topics}. */
export type Topic = (typeof topics)[number];

/** Something that has happened. */
export interface ClusterEvent {
  /** Later events of one hub have higher numbers. */
  readonly id: string;
  readonly topic: Topic;
  /** `result`, `job` or `cluster`. */
  readonly event: string;
  /** JSON, on one line. */
  readonly data: string;
}

/** Somebody who listens. */
export interface Listener {
  /** Told of each event; it must return at once. */
  tell(event: ClusterEvent): void;
  /** Called when there will be no more of them. */
  end(): void;
}

/** Events that somebody who was away for a moment may still hear. */
const kept = 1_000;
const jobsMs = 1_000;
const clusterMs = 2_000;
const eventNames = { results: 'result', jobs: 'job', cluster: 'cluster' } as const;

/**
 * What happens in the cluster, for any number of listeners: results as they come, runs when they have changed, the cluster
 * every two seconds. Nothing is asked for while nobody listens to it.
 */
export class EventHub {
  readonly #connection: Connection;
  readonly #overview: ClusterOverview;
  /** Two hubs never count alike. */
  readonly #name = randomId();
  readonly #listeners = new Map<Listener, ReadonlySet<Topic>>();
  readonly #past: ClusterEvent[] = [];
  #runs: ReadonlyMap<string, string> = new Map();
  readonly #timers = new Map<Topic, CancelTimer>();
  #results: ResultSubscription | undefined;
  #number = 0;

  constructor(connection: Connection, overview: ClusterOverview) {
    this.#connection = connection;
    this.#overview = overview;
  }

  /**
   * Listens to some topics; the answer ends that.
   * @param after - the last event that was heard: what has come since is told first, as far as it is remembered
   */
  listen(wanted: ReadonlySet<Topic>, listener: Listener, after?: string): () => void {
    for (const event of this.#since(after)) if (wanted.has(event.topic)) listener.tell(event);
    this.#listeners.set(listener, wanted);
    this.#begin(wanted);
    return () => {
      this.#listeners.delete(listener);
      this.#endUnheard();
    };
  }

  /** Tells nobody anything any more. */
  close(): void {
    const listeners = [...this.#listeners.keys()];
    this.#listeners.clear();
    this.#endUnheard();
    for (const listener of listeners) listener.end();
  }

  #since(after: string | undefined): readonly ClusterEvent[] {
    const place = this.#past.findIndex(({ id }) => id === after);
    return place === -1 ? [] : this.#past.slice(place + 1);
  }

  #begin(wanted: ReadonlySet<Topic>): void {
    if (wanted.has('results'))
      this.#results ??= listenToResults(
        this.#connection,
        undefined,
        (result) => {
          this.#tell('results', result);
        },
        (error) => {
          this.#connection.report(`a result was not told to those who listen: ${String(error)}`);
        },
      );
    if (wanted.has('jobs')) this.#repeat('jobs', jobsMs, () => this.#tellJobs());
    if (wanted.has('cluster'))
      this.#repeat('cluster', clusterMs, async () => {
        this.#tell('cluster', await this.#overview.get());
      });
  }

  #endUnheard(): void {
    for (const topic of topics) {
      if ([...this.#listeners.values()].some((wanted) => wanted.has(topic))) continue;
      this.#timers.get(topic)?.();
      this.#timers.delete(topic);
      if (topic !== 'results') continue;
      this.#results?.stop();
      this.#results = undefined;
    }
  }

  #repeat(topic: Topic, everyMs: number, look: () => Promise<void>): void {
    if (this.#timers.has(topic)) return;
    const again = async () => {
      try {
        await look();
      } catch (error) {
        this.#connection.report(`${topic} cannot be told to those who listen: ${String(error)}`);
      }
      if (!isOver) cancel = systemClock.after(everyMs, () => void again());
    };
    let isOver = false;
    let cancel = systemClock.after(0, () => void again());
    this.#timers.set(topic, () => {
      isOver = true;
      cancel();
    });
  }

  async #tellJobs(): Promise<void> {
    const { runs } = await request(this.#connection, 'runList', {}, {});
    const before = this.#runs;
    this.#runs = new Map(runs.map((run) => [run.id, `${run.state} ${String(run.updatedAt)}`]));
    for (const run of [...runs].sort((a, b) => a.updatedAt - b.updatedAt))
      if (before.get(run.id) !== this.#runs.get(run.id)) this.#tell('jobs', run);
  }

  #tell(topic: Topic, value: unknown): void {
    this.#number += 1;
    const id = `${this.#name}-${String(this.#number)}`;
    const event = { id, topic, event: eventNames[topic], data: JSON.stringify(value) };
    // What the cluster looked like before is of no use to anybody.
    if (topic !== 'cluster') this.#past.push(event);
    if (this.#past.length > kept) this.#past.shift();
    for (const [listener, wanted] of [...this.#listeners]) if (wanted.has(topic)) listener.tell(event);
  }
}
