import type { Clock } from '../base/clock.ts';
import { messageLimits, snapshot, type Plain } from './snapshot.ts';

/** How much a trace keeps, and for how long it records. */
export interface TraceOptions {
  /** Newest entries that are kept; default 200. */
  readonly limit?: number;
  /** Entries that are recorded in a second; what comes beyond is counted only. Default 50. */
  readonly perSecond?: number;
  /** It ends by itself after this time; default 60,000. */
  readonly forMs?: number;
}

/** One message or signal that an actor handled; plain data. */
export interface TraceEntry {
  /** Counts from 1, with those that are not kept any more. */
  readonly number: number;
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
  /** Messages and signals that were handled and not recorded, since more came than are recorded in a second. */
  readonly dropped: number;
  /** Oldest first. */
  readonly entries: readonly TraceEntry[];
}

/** An entry that is being timed. */
export interface OpenEntry {
  readonly number: number;
  readonly at: number;
  readonly kind: 'message' | 'signal';
  readonly content: Plain;
  readonly since: number;
  tookMs: number | null;
}

const windowMs = 1_000;

/** The newest messages of one actor, for a limited time. Under a flood, it costs what it records a second and a clock reading a message. */
export class Trace {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #perSecond: number;
  readonly #entries: OpenEntry[] = [];
  readonly #cancel: () => void;
  #active = true;
  #recorded = 0;
  #dropped = 0;
  #windowSince: number;
  /** What may still be recorded in this window. */
  #left: number;

  constructor(clock: Clock, { limit = 200, perSecond = 50, forMs = 60_000 }: TraceOptions) {
    this.#clock = clock;
    this.#limit = limit;
    this.#perSecond = perSecond;
    this.#windowSince = clock.monotonic();
    this.#left = perSecond;
    this.#cancel = clock.after(forMs, () => {
      this.#active = false;
    });
  }

  get active(): boolean {
    return this.#active;
  }

  /** Records what is about to be handled; `undefined` when it is one too many. */
  begin(kind: 'message' | 'signal', content: unknown): OpenEntry | undefined {
    if (!this.#take()) {
      this.#dropped += 1;
      return undefined;
    }
    const entry: OpenEntry = {
      number: ++this.#recorded,
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

  /** @param after - leaves out the entries up to this number */
  report(after: number): TraceReport {
    const entries = this.#entries
      .filter(({ number }) => number > after)
      .map(({ number, at, kind, content, tookMs }) => ({ number, at, kind, content, tookMs }));
    return { active: this.#active, dropped: this.#dropped, entries };
  }

  #take(): boolean {
    if (this.#left === 0 && this.#clock.monotonic() - this.#windowSince >= windowMs) {
      this.#windowSince = this.#clock.monotonic();
      this.#left = this.#perSecond;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
