import type { Command } from 'commander';
import { Output } from '../terminal/output.ts';
import { tagTable } from '../terminal/views.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { summaries } from './summaries.ts';

interface TagsOptions extends ClientOptions {
  readonly limit: number;
}

/** `cluster tags`: the tags that photos have. */
export function tagsCommand(cli: Cli): Command {
  return clientCommand('tags', summaries.tags, 'cluster tags bea')
    .argument('[prefix]', 'how they begin; case makes no difference', '')
    .option('--limit <n>', 'tags at most, up to 50', wholeNumber(1, 50), 20)
    .action(async (prefix: string, options: TagsOptions) => {
      const output = new Output(cli, options.json === true);
      const reply = await withConnection(options, 'submitter', (connection) =>
        request(connection, 'tags', {}, { prefix, limit: options.limit }),
      );
      await output.result(reply, () => tagTable(reply.tags));
    });
}
