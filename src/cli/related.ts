import type { Command } from 'commander';
import { checkPhotoId } from '../base/ids.ts';
import { Output } from '../terminal/output.ts';
import { relatedTable } from '../terminal/views.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

interface RelatedOptions extends ClientOptions {
  readonly limit: number;
}

/** The first one after a while starts a thread. */
const timeoutMs = 20_000;

/** `cluster related`: photos that look like one. */
export function relatedCommand(cli: Cli): Command {
  return clientCommand('related', summaries.related, 'cluster related holiday-17 --limit 10')
    .argument('<id>', 'id of the photo')
    .option('--limit <n>', 'photos at most, up to 100', wholeNumber(1, 100), 20)
    .action(async (id: string, options: RelatedOptions) => {
      checkPhotoId(id);
      const { limit } = options;
      const related = withConnection(options, 'submitter', (connection) =>
        request(connection, 'related', {}, { id, limit }, timeoutMs),
      );
      const found = await untilInterrupted(cli.interrupted, related);
      await new Output(cli, options.json === true).result(found, () => relatedTable(found));
    });
}
