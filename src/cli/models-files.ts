import type { Command } from 'commander';
import { delay, systemClock } from '../base/clock.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { exportModel, importModel } from '../transport/model-transfer.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';

/** What an interrupted transfer has to remove what it left. */
const cleaningMs = 2_000;

/** `cluster models export`: a model as a file. */
export function exportCommand(cli: Cli): Command {
  return clientCommand('export', 'Copies a model to a new file.', 'cluster models export 3f2a91 beach.model')
    .argument('<model>', 'its id, or enough of the beginning')
    .argument('<file>', 'a file that is not there yet')
    .action(async (model: string, file: string, options: ClientOptions) => {
      const transfer = withConnection(options, 'operator', (connection) =>
        exportModel(connection, model, file, { signal: cli.interrupted }),
      );
      const id = await finished(cli, transfer);
      const text = `Wrote the model ${id} to ${printable(file)}.`;
      await new Output(cli, options.json === true).result({ model: id, file }, text);
    });
}

/** `cluster models import`: a model file, published. */
export function importCommand(cli: Cli): Command {
  const does = 'Publishes a model file, after a node has checked all of it.';
  return clientCommand('import', does, 'cluster models import beach.model')
    .argument('<file>', 'a model file')
    .action(async (file: string, options: ClientOptions) => {
      const transfer = withConnection(options, 'operator', (connection) =>
        importModel(connection, file, { signal: cli.interrupted }),
      );
      const model = await finished(cli, transfer);
      const text = `Published the model ${model}; \`cluster models activate\` puts it in use.`;
      await new Output(cli, options.json === true).result({ model, file }, text);
    });
}

/** What a transfer came to; one that is interrupted leaves no file behind. */
async function finished<T>({ interrupted }: Cli, transfer: Promise<T>): Promise<T> {
  try {
    return await untilInterrupted(interrupted, transfer);
  } catch (error) {
    if (interrupted.aborted)
      await Promise.race([Promise.allSettled([transfer]), delay(systemClock, cleaningMs)]);
    throw error;
  }
}
