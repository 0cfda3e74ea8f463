import type { Writable } from 'node:stream';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { reasonOf, type Fault } from '../../base/errors.ts';
import { FrameReader, LineTooLong } from '../../bolt/frame-reader.ts';
import { maxLineBytes, type BoltLogLevel, type MessageToBolt } from '../../bolt/messages.ts';
import { parseMessage, type UncheckedMessage } from './bolt-protocol.ts';

/** What a bolt is asked. */
export interface Question {
  /** The answer has the same number; 0 for `ready`. */
  readonly n: number;
  /** The photo it is about. */
  readonly id?: string | undefined;
  readonly message: MessageToBolt;
  /** Follows the message. */
  readonly photo?: Uint8Array;
  readonly deadlineMs: number;
  /** Told that there is no answer yet at the deadline. */
  readonly onMissed: () => void;
}

/** What a bolt answers; nobody has looked at its output yet. */
export type Answer = { readonly output: unknown } | { readonly failed: string };

/** The question that has no answer yet. */
interface Open extends Pick<Question, 'n' | 'id'> {
  /** Monotonic time, ms. */
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: Fault) => void;
  readonly cancelDeadline: CancelTimer;
}

/** What a dialogue works with. */
export interface BoltDialogueOptions {
  readonly stdin: Writable;
  readonly clock: Clock;
  readonly onLog: (level: BoltLogLevel, message: string) => void;
  /** It does not keep to the protocol, or has written too long a line: nobody knows what comes next. */
  readonly onBreach: (code: 'BOLT_DIED' | 'BOLT_FLOODED', reason: string) => void;
}

/** What a node and the process of a bolt say to each other: a question at a time, its answer, and lines of the log. */
export class BoltDialogue {
  readonly #options: BoltDialogueOptions;
  readonly #reader = new FrameReader({ maxLineBytes });
  #open: Open | undefined;
  #end: Fault | undefined;

  constructor(options: BoltDialogueOptions) {
    this.#options = options;
    // A process that takes no input misses its deadline, or has ended.
    options.stdin.on('error', () => undefined);
  }

  /** The question that has no answer yet. */
  get open(): Pick<Open, 'n' | 'id' | 'since'> | undefined {
    return this.#open;
  }

  /**
   * Asks; the question before has to be answered.
   * @throws the fault of {@link end}, also later
   */
  ask({ n, id, message, photo, deadlineMs, onMissed }: Question): Promise<Answer> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
        return;
      }
      const cancelDeadline = clock.after(deadlineMs, () => {
        // This process may have stood still itself: what is in the pipe by now is read first.
        setImmediate(() => {
          if (this.#open === open) onMissed();
        });
      });
      const open: Open = { n, id, since: clock.monotonic(), resolve, reject, cancelDeadline };
      this.#open = open;
      this.#send(message, photo);
    });
  }

  /** Takes what the process wrote to its standard output. */
  read(chunk: Uint8Array): void {
    if (this.#isOver()) return;
    const { onBreach } = this.#options;
    try {
      for (const { message } of this.#reader.read(chunk)) {
        if (this.#isOver()) return;
        const known = parseMessage(message);
        if (known === undefined) onBreach('BOLT_DIED', 'it wrote a line that is no message of the protocol');
        else this.#take(known);
      }
    } catch (error) {
      if (error instanceof LineTooLong) onBreach('BOLT_FLOODED', error.message);
      else onBreach('BOLT_DIED', `it wrote a line that is no JSON (${reasonOf(error)})`);
    }
  }

  /** Nothing is said any more; whoever waits for an answer learns why. */
  end(fault: Fault): void {
    this.#end ??= fault;
    const open = this.#open;
    this.#open = undefined;
    open?.cancelDeadline();
    open?.reject(this.#end);
  }

  #isOver(): boolean {
    return this.#end !== undefined;
  }

  /** A photo goes as it is, without a copy. */
  #send(message: MessageToBolt, photo?: Uint8Array): void {
    const { stdin } = this.#options;
    stdin.cork();
    stdin.write(`${JSON.stringify(message)}\n`);
    if (photo !== undefined && photo.byteLength > 0) stdin.write(photo);
    stdin.uncork();
  }

  #take(message: UncheckedMessage): void {
    const { onLog, onBreach } = this.#options;
    if ('log' in message) {
      onLog(message.log.level, message.log.message);
      return;
    }
    const n = 'ready' in message ? 0 : 'done' in message ? message.done.n : message.failed.n;
    const open = this.#open;
    if (open?.n !== n) {
      const place = open === undefined ? 'without being asked' : `in place of ${String(open.n)}`;
      onBreach('BOLT_DIED', `it answered ${String(n)} ${place}`);
      return;
    }
    this.#open = undefined;
    open.cancelDeadline();
    if ('failed' in message) open.resolve({ failed: message.failed.message });
    else open.resolve({ output: 'done' in message ? message.done.output : undefined });
  }
}
