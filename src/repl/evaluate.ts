import { Fault } from '../base/errors.ts';
import { printable } from '../terminal/printable.ts';
import type { Answer, ReplCommand, Statement } from './command.ts';
import { replCommands } from './commands.ts';
import type { Session } from './session.ts';

/**
 * Reads a line; `undefined` if it is empty.
 * @throws Fault `USAGE` that says how the command is used
 */
export function parseLine(line: string): (Statement & { readonly command: ReplCommand }) | undefined {
  const trimmed = line.trim();
  if (trimmed === '') return undefined;
  const words = trimmed.split(/\s+/);
  const { command, length } = commandOf(words);
  const text = trimmed.replace(new RegExp(`^(\\S+\\s*){${String(length)}}`), '');
  const statement = command.read(words.slice(length), text);
  if (statement !== undefined) return { ...statement, command };
  throw new Fault('USAGE', { reason: `Write: ${`${command.name} ${command.usage.text}`.trim()}.` });
}

/** The command, and how many words name it here: the first of a group has its group's name as well. */
function commandOf(words: readonly string[]): { readonly command: ReplCommand; readonly length: number } {
  const [name = '', second] = words;
  const pair = replCommands.find((row) => row.name === `${name} ${String(second)}`);
  if (pair !== undefined) return { command: pair, length: 2 };
  const group = replCommands.filter((row) => row.name.startsWith(`${name} `));
  const command =
    replCommands.find((row) => row.name === name) ?? (second === undefined ? group[0] : undefined);
  if (command !== undefined) return { command, length: 1 };
  const reason =
    group.length === 0
      ? `There is no command ${printable(name)}; help lists them.`
      : `Write one of: ${group.map((row) => row.name).join(', ')}.`;
  throw new Fault('USAGE', { reason });
}

/**
 * Carries out a line, once.
 * @throws Fault `USAGE`, and what the command throws
 */
export async function evaluate(session: Session, line: string): Promise<Answer | undefined> {
  return await parseLine(line)?.run(session);
}
