import type { Clock } from '../base/clock.ts';
import { messageLimits, snapshot, type Plain } from './snapshot.ts';

/** Why a message was not delivered: nobody there, no room, or the actor ended with it in its mailbox. */
export type DeadLetterReason = 'noproc' | 'full' | 'ended';

/** One message that was not delivered; plain data. */
export interface DeadLetter {
  /** Wall time, ms since the epoch. */
  readonly at: number;
  /** Name or pid. */
  readonly to: string;
  readonly reason: DeadLetterReason;
  readonly message: Plain;
}

/** What was dropped since the start of the system; plain data. */
export interface DeadLetterReport {
  readonly count: number;
  readonly byReason: Readonly<Record<DeadLetterReason, number>>;
  /** Answers to calls that had ended already: timed out, or answered before. */
  readonly lateReplies: number;
  /** The newest, oldest first. */
  readonly recent: readonly DeadLetter[];
}

const kept = 32;

/** Counts what could not be delivered and keeps the newest for people to look at. */
export class DeadLetters {
  readonly #clock: Clock;
  readonly #recent: DeadLetter[] = [];
  readonly #counts: Record<DeadLetterReason, number> = { noproc: 0, full: 0, ended: 0 };
  #lateReplies = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(to: string, reason: DeadLetterReason, message: unknown): void {
    this.#counts[reason] += 1;
    this.#recent.push({ at: this.#clock.now(), to, reason, message: snapshot(message, messageLimits) });
    if (this.#recent.length > kept) this.#recent.shift();
  }

  addLateReply(): void {
    this.#lateReplies += 1;
  }

  report(): DeadLetterReport {
    const { noproc, full, ended } = this.#counts;
    return {
      count: noproc + full + ended,
      byReason: { noproc, full, ended },
      lateReplies: this.#lateReplies,
      recent: [...this.#recent],
    };
  }
}
