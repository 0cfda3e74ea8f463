import { Command } from 'commander';
import { packageVersion } from '../base/package-root.ts';
import { Output } from '../terminal/output.ts';
import type { Cli } from './cli.ts';
import { correctCommand, correctionsCommand } from './correct.ts';
import { deadCommand } from './dead.ts';
import { deployCommand, rollbackCommand } from './deploy.ts';
import { endingOf, exitCodes } from './errors.ts';
import { forgetCommand } from './forget.ts';
import { inviteCommand } from './invite.ts';
import { modelsCommand } from './models.ts';
import { nodesCommand } from './nodes.ts';
import { relatedCommand } from './related.ts';
import { pruneCommand } from './prune.ts';
import { replCommand } from './repl.ts';
import { scheduleCommand } from './schedule.ts';
import { searchCommand } from './search.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { submitCommand } from './submit.ts';
import { tagCommand } from './tag.ts';
import { tagsCommand } from './tags.ts';
import { thumbnailCommand } from './thumbnail.ts';
import { tokenCommand } from './tokens.ts';
import {
  activateCommand,
  deactivateCommand,
  killCommand,
  listCommand,
  rebalanceCommand,
} from './topologies.ts';
import { trainCommand } from './train.ts';

/** Every command, in the order of the help. */
const commands: readonly ((cli: Cli) => Command)[] = [
  startCommand,
  inviteCommand,
  tokenCommand,
  submitCommand,
  searchCommand,
  relatedCommand,
  correctCommand,
  correctionsCommand,
  tagsCommand,
  thumbnailCommand,
  trainCommand,
  tagCommand,
  modelsCommand,
  deadCommand,
  forgetCommand,
  pruneCommand,
  scheduleCommand,
  statusCommand,
  listCommand,
  deployCommand,
  rollbackCommand,
  activateCommand,
  deactivateCommand,
  rebalanceCommand,
  killCommand,
  nodesCommand,
  replCommand,
];

/** The command line `cluster`. */
export function createProgram(cli: Cli): Command {
  const program = new Command('cluster')
    .description('Tags photos on a cluster of ordinary machines, and finds them by their tags.')
    .version(packageVersion)
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      // Wrong use is reported with everything else, by `run`.
      outputError: () => undefined,
    })
    .exitOverride()
    // `cluster train status --json`: an option belongs to the command that it stands after.
    .enablePositionalOptions()
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.')
    .addHelpText('after', '\nExample:\n  cluster start &\n  cluster submit ~/photos --wait');
  for (const make of commands) add(program, make(cli));
  return program;
}

/** Runs one command; resolves to its exit code and never rejects. `args` begin with the name of the command. */
export async function run(args: readonly string[], cli: Cli): Promise<number> {
  try {
    await createProgram(cli).parseAsync(args, { from: 'user' });
    return exitCodes.success;
  } catch (thrown) {
    const { fault, exitCode } = endingOf(thrown);
    if (fault !== undefined) new Output(cli, wantsJson(args)).error(fault);
    return exitCode;
  }
}

function add(parent: Command, child: Command): void {
  inherit(parent, child);
  parent.addCommand(child);
}

function inherit(parent: Command, child: Command): void {
  child.copyInheritedSettings(parent);
  for (const grandchild of child.commands) inherit(child, grandchild);
}

// Also known when the command line could not be parsed.
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).includes('--json');
}
