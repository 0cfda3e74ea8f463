import type { Command } from 'commander';
import { checkPhotoId } from '../base/ids.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

/** `cluster forget`: a photo, gone. */
export function forgetCommand(cli: Cli): Command {
  return clientCommand('forget', summaries.forget, 'cluster forget holiday-17')
    .argument('<id>', 'id of the photo')
    .action(async (id: string, options: ClientOptions) => {
      checkPhotoId(id);
      const forget = withConnection(options, 'operator', (connection) =>
        request(connection, 'forget', {}, { id }),
      );
      const erased = await untilInterrupted(cli.interrupted, forget);
      const { stored, features, thumbnails = 0, deadLetters } = erased;
      const output = new Output(cli, options.json === true);
      await output.result({ id, ...erased }, () =>
        stored + features + thumbnails + deadLetters === 0
          ? `Nothing was stored of ${printable(id)}; what is still queued of it will not be kept.`
          : `Forgot ${printable(id)}: ${String(stored)} stored, ${String(features)} rows of features, ${String(thumbnails)} thumbnails, ${String(deadLetters)} dead letters.`,
      );
    });
}
