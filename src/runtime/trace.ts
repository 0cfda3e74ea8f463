import type { Clock } from '../base/clock.ts';
import { messageLimits, snapshot, type Plain } from './snapshot.ts';

/** How much a trace keeps, and for how long it records. */
export interface TraceOptions {
  /** Newest entries that are kept; default 100. */
  readonly limit?: number;
  /** It ends by itself after this time; default 60,000. */
  readonly forMs?: number;
}

/** One message or signal that an actor handled; plain data. */
export interface TraceEntry {
  /** When handling began: wall time, ms since the epoch. */
  readonly at: number;
  readonly kind: 'message' | 'signal';
  readonly content: Plain;
  /** `null` while it is at hand, and when it ended the actor. */
  readonly tookMs: number | null;
}

/** What a trace has recorded; plain data. */
export interface TraceReport {
  /** Whether it still records. */
  readonly active: boolean;
  /** Oldest first. */
  readonly entries: readonly TraceEntry[];
}

/** An entry that is being timed. */
export interface OpenEntry {
  readonly at: number;
  readonly kind: 'message' | 'signal';
  readonly content: Plain;
  readonly since: number;
  tookMs: number | null;
}

/** The newest messages of one actor, for a limited time. */
export class Trace {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #entries: OpenEntry[] = [];
  readonly #cancel: () => void;
  #active = true;

  constructor(clock: Clock, { limit = 100, forMs = 60_000 }: TraceOptions) {
    this.#clock = clock;
    this.#limit = limit;
    this.#cancel = clock.after(forMs, () => {
      this.#active = false;
    });
  }

  get active(): boolean {
    return this.#active;
  }

  begin(kind: 'message' | 'signal', content: unknown): OpenEntry {
    const entry: OpenEntry = {
      at: this.#clock.now(),
      kind,
      content: snapshot(content, messageLimits),
      since: this.#clock.monotonic(),
      tookMs: null,
    };
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) this.#entries.shift();
    return entry;
  }

  end(entry: OpenEntry): void {
    entry.tookMs = this.#clock.monotonic() - entry.since;
  }

  stop(): void {
    this.#active = false;
    this.#cancel();
  }

  report(): TraceReport {
    const entries = this.#entries.map(({ at, kind, content, tookMs }) => ({ at, kind, content, tookMs }));
    return { active: this.#active, entries };
  }
}
