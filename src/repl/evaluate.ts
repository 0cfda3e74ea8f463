import { Fault } from '../base/errors.ts';
import { printable } from '../terminal/printable.ts';
import { replCommands, type Answer, type ReplCommand } from './commands.ts';
import type { Session } from './session.ts';

/** A line that was understood. */
export interface Statement {
  readonly command: ReplCommand;
  readonly node: string | undefined;
  readonly actor: string;
  readonly text: string;
}

/**
 * Reads a line; `undefined` if it is empty.
 * @throws Fault `USAGE` that says how the command is used
 */
export function parseLine(line: string): Statement | undefined {
  const [name, ...words] = line.trim().split(/\s+/);
  if (name === undefined || name === '') return undefined;
  const command = replCommands.find((row) => row.name === name);
  if (command === undefined)
    throw new Fault('USAGE', { reason: `There is no command ${printable(name)}; help lists them.` });
  const [first = '', second] = words;
  const text = line.trim().slice(name.length).trim();
  const wrong = new Fault('USAGE', { reason: `Write: ${`${name} ${command.usage}`.trim()}.` });
  switch (command.usage) {
    case '':
      if (words.length > 0) throw wrong;
      return { command, node: undefined, actor: '', text };
    case '[NODE]':
      if (words.length > 1) throw wrong;
      return { command, node: words[0], actor: '', text };
    case 'ACTOR [NODE]':
      if (words.length < 1 || words.length > 2) throw wrong;
      return { command, node: second, actor: first, text };
    case 'QUERY':
      if (words.length === 0) throw wrong;
      return { command, node: undefined, actor: '', text };
  }
}

/**
 * Carries out a line.
 * @throws Fault `USAGE`, and what the command throws
 */
export async function evaluate(session: Session, line: string): Promise<Answer | undefined> {
  const statement = parseLine(line);
  return statement === undefined ? undefined : await statement.command.run(session, statement);
}
