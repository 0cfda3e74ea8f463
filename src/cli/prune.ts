import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { clientCommand } from './command.ts';
import { prunable, pruneSpecOf, type PruneOptions } from './prune-options.ts';
import { withRunCommands } from './run-commands.ts';
import { startable, startRun, type RunStartOptions } from './run-start.ts';
import { summaries } from './summaries.ts';

/** `cluster prune`: what has become old, gone. */
export function pruneCommand(cli: Cli): Command {
  const example = 'cluster prune --dead 30d --models 5 --runs 90d --dry-run';
  const command = prunable(clientCommand('prune', summaries.prune, example));
  startable(command).action(async (options: PruneOptions & RunStartOptions) => {
    await startRun(cli, options, pruneSpecOf(options));
  });
  return withRunCommands(command, cli, 'prune');
}
