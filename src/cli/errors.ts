import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { Fault } from '../base/errors.ts';

/** What the exit code of a command means. A command ended by a signal has 128 and the signal's number, as shells do. */
export const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

/** Thrown by a command that has said itself why it ends with this exit code. */
export class Ended extends Error {
  override readonly name: string = 'Ended';
  readonly exitCode: number;

  constructor(exitCode: number, message = `ended with exit code ${String(exitCode)}`) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Thrown where a signal ended the work. */
export class Interrupted extends Ended {
  override readonly name = 'Interrupted';

  /** @param signal - the reason of the abort */
  constructor(signal: unknown) {
    const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
    super(128 + (number ?? constants.signals.SIGINT), `interrupted by ${String(signal)}`);
  }
}

/** How a command ended: its exit code, and what there is to say. */
export interface Ending {
  readonly exitCode: number;
  readonly fault: Fault | undefined;
}

/** The ending that belongs to what a command threw. */
export function endingOf(thrown: unknown): Ending {
  if (thrown instanceof Ended) return { exitCode: thrown.exitCode, fault: undefined };
  if (thrown instanceof CommanderError) return usageEnding(thrown);
  const fault = Fault.from(thrown);
  if (fault.code === 'USAGE') return { exitCode: exitCodes.usage, fault: usageFault(fault.message) };
  return { exitCode: isUsage(fault) ? exitCodes.usage : exitCodes.failure, fault };
}

/** Settles as `work` does, or rejects with {@link Interrupted} as soon as a signal comes. */
export async function untilInterrupted<T>(interrupted: AbortSignal, work: Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const interruption = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new Interrupted(interrupted.reason));
    };
    if (interrupted.aborted) stop();
    else interrupted.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, interruption]);
  } finally {
    if (stop !== undefined) interrupted.removeEventListener('abort', stop);
  }
}

// A fault of these codes that reaches the top speaks of an argument.
function isUsage({ code }: Fault): boolean {
  return code === 'QUERY_SYNTAX' || code === 'PHOTO_ID' || code === 'PHOTO_OWNER';
}

// Asked-for help and version are successes; help in place of a missing command is not.
function usageEnding(error: CommanderError): Ending {
  if (error.exitCode === 0) return { exitCode: exitCodes.success, fault: undefined };
  if (error.code === 'commander.help') return { exitCode: exitCodes.usage, fault: undefined };
  const sentence = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  const capital = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  return { exitCode: exitCodes.usage, fault: usageFault(`${capital.replace(/\.$/, '')}; see --help.`) };
}

/** Ends like a sentence, whoever began it. */
function usageFault(reason: string): Fault {
  return new Fault('USAGE', { reason: reason.endsWith('.') ? reason : `${reason}.` });
}
