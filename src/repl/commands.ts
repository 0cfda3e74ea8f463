import { table } from '../terminal/table.ts';
import { acts } from './acts.ts';
import { command, type Answer, type ReplCommand } from './command.ts';
import { looks } from './looks.ts';
import { photoCommands } from './photo-commands.ts';
import { alone } from './usage.ts';

const local = (name: string, help: string, text: () => string): ReplCommand =>
  command(name, alone, help, (): Promise<Answer> => Promise.resolve({ value: {}, text: text() }));

/** Every command, in the order of the help. */
export const replCommands: readonly ReplCommand[] = [
  ...looks,
  ...acts,
  ...photoCommands,
  local('help', 'this list', helpText),
  local('exit', 'ends; so does Ctrl-D', () => ''),
];

function helpText(): string {
  return table(
    [
      { head: 'COMMAND', cell: ({ name, usage }) => `${name} ${usage.text}`.trim() },
      { head: 'SHOWS OR DOES', cell: ({ help }) => help },
    ],
    replCommands,
  );
}
