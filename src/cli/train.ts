import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { clientCommand } from './command.ts';
import { withRunCommands } from './run-commands.ts';
import { modelPrefix, startable, startRun, type RunStartOptions } from './run-start.ts';
import { summaries } from './summaries.ts';
import { trainable, trainSpecOf, type TrainOptions } from './train-options.ts';

/** `cluster train`: from labelled photos to a model. */
export function trainCommand(cli: Cli): Command {
  const example = 'cluster train --pixels photos.tsv.gz --labels labels.tsv --activate';
  const command = trainable(clientCommand('train', summaries.train, example), modelPrefix);
  startable(command).action(async (options: TrainOptions & RunStartOptions) => {
    await startRun(cli, options, await trainSpecOf(options));
  });
  return withRunCommands(command, cli, 'train');
}
