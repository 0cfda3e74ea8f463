import type { Session } from './session.ts';
import type { Usage } from './usage.ts';

/** What a command answers: for programs, and for people. */
export interface Answer {
  readonly value: unknown;
  readonly text: string;
}

/** A view that goes on, for a person at a terminal. */
export interface Live {
  /** Whether each answer takes the place of the one before. */
  readonly refreshes: boolean;
  /** Answers until there is no more to say. */
  readonly answers: (session: Session) => AsyncIterable<Answer>;
  /** Said to who no longer watches. */
  readonly left?: string | undefined;
}

/** A line that was understood: the command with its arguments. */
export interface Statement {
  readonly argument: unknown;
  readonly run: (session: Session) => Promise<Answer>;
  readonly live: Live | undefined;
}

/** One command of the REPL. */
export interface ReplCommand {
  /** One word, or two. */
  readonly name: string;
  readonly usage: Pick<Usage<unknown>, 'text' | 'slots'>;
  readonly help: string;
  /** `undefined` if the words after its name are not its arguments. */
  readonly read: (words: readonly string[], text: string) => Statement | undefined;
}

/** How a command goes on where a person watches. */
export interface LiveForm<Argument> {
  readonly refreshes: boolean;
  readonly answers: (session: Session, argument: Argument) => AsyncIterable<Answer>;
  readonly left?: string;
}

/** A row of the table of commands. */
export function command<Argument>(
  name: string,
  usage: Usage<Argument>,
  help: string,
  run: (session: Session, argument: Argument) => Promise<Answer>,
  live?: LiveForm<Argument>,
): ReplCommand {
  return {
    name,
    usage,
    help,
    read: (words, text) => {
      const argument = usage.parse(words, text);
      if (argument === undefined) return undefined;
      return {
        argument,
        run: (session) => run(session, argument),
        live: live && {
          refreshes: live.refreshes,
          left: live.left,
          answers: (session) => live.answers(session, argument),
        },
      };
    },
  };
}
