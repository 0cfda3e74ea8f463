import { Command } from 'commander';
import { packageVersion } from '../base/package-root.ts';
import { Output } from '../terminal/output.ts';
import type { Cli } from './cli.ts';
import { endingOf, exitCodes } from './errors.ts';
import { summaries, type CommandName } from './summaries.ts';

/** Makes a command, with what it does. */
type MakeCommand = (cli: Cli) => Command;

/** Where the code of each command is. */
const loaders: Readonly<Record<CommandName, () => Promise<MakeCommand>>> = {
  start: async () => (await import('./start.ts')).startCommand,
  invite: async () => (await import('./invite.ts')).inviteCommand,
  token: async () => (await import('./tokens.ts')).tokenCommand,
  submit: async () => (await import('./submit.ts')).submitCommand,
  search: async () => (await import('./search.ts')).searchCommand,
  related: async () => (await import('./related.ts')).relatedCommand,
  correct: async () => (await import('./correct.ts')).correctCommand,
  corrections: async () => (await import('./correct.ts')).correctionsCommand,
  tags: async () => (await import('./tags.ts')).tagsCommand,
  thumbnail: async () => (await import('./thumbnail.ts')).thumbnailCommand,
  train: async () => (await import('./train.ts')).trainCommand,
  tag: async () => (await import('./tag.ts')).tagCommand,
  models: async () => (await import('./models.ts')).modelsCommand,
  dead: async () => (await import('./dead.ts')).deadCommand,
  forget: async () => (await import('./forget.ts')).forgetCommand,
  prune: async () => (await import('./prune.ts')).pruneCommand,
  schedule: async () => (await import('./schedule.ts')).scheduleCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  list: async () => (await import('./topologies.ts')).listCommand,
  deploy: async () => (await import('./deploy.ts')).deployCommand,
  rollback: async () => (await import('./deploy.ts')).rollbackCommand,
  activate: async () => (await import('./topologies.ts')).activateCommand,
  deactivate: async () => (await import('./topologies.ts')).deactivateCommand,
  rebalance: async () => (await import('./topologies.ts')).rebalanceCommand,
  kill: async () => (await import('./topologies.ts')).killCommand,
  nodes: async () => (await import('./nodes.ts')).nodesCommand,
  repl: async () => (await import('./repl.ts')).replCommand,
};

/**
 * The command line `cluster`, for these arguments: it has the commands that they name, and of the others what the help says.
 */
export async function createProgram(args: readonly string[], cli: Cli): Promise<Command> {
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
  for (const name of Object.keys(summaries) as CommandName[]) {
    const isNamed = args.includes(name);
    add(program, isNamed ? (await loaders[name]())(cli) : new Command(name).description(summaries[name]));
  }
  return program;
}

/** Runs one command; resolves to its exit code and never rejects. `args` begin with the name of the command. */
export async function run(args: readonly string[], cli: Cli): Promise<number> {
  try {
    const program = await createProgram(args, cli);
    await program.parseAsync(args, { from: 'user' });
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
