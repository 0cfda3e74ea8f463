import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { Output } from '../terminal/output.ts';
import { searchTable } from '../terminal/views.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

interface SearchOptions extends ClientOptions {
  readonly limit: number;
  readonly after?: string;
  readonly facets: number;
}

/** `cluster search`: photos by their tags, and by what else is known of them. */
export function searchCommand(cli: Cli): Command {
  return (
    clientCommand('search', summaries.search, "cluster search 'beach sunset -people score>0.8'")
      .argument(
        '<query...>',
        'tags a photo must have, -tag ones it must not have, beach OR coast, "two words", score>0.8, date>=2026-01-31, model:3f2a91, owner:alice',
      )
      .option('--limit <n>', 'photos at most, up to 1000', wholeNumber(1, 1000), 20)
      .option('--after <cursor>', 'the next page: the cursor that the page before ended with')
      .option(
        '--facets <n>',
        'the n most frequent tags of all that is found, up to 100',
        wholeNumber(0, 100),
        0,
      )
      // -people is a part of the query.
      .allowUnknownOption()
      .action(async (words: string[], options: SearchOptions) => {
        const { limit, after, facets } = options;
        const output = new Output(cli, options.json === true);
        const query = queryOf(words);
        const search = withConnection(options, 'submitter', (connection) =>
          request(
            connection,
            'search',
            {},
            { query, limit, facets, ...(after === undefined ? {} : { after }) },
          ),
        );
        const page = await untilInterrupted(cli.interrupted, search);
        await output.result(page, () => searchTable(page));
        if (page.next !== undefined) output.notice(`There are more: --after ${page.next}`);
      })
  );
}

/**
 * The query in the words of a command line, quoted or not.
 * @throws Fault `USAGE` for what can only be a misspelt option
 */
function queryOf(words: readonly string[]): string {
  const misspelt = words.find((word) => /^--./.test(word));
  if (misspelt !== undefined)
    throw new Fault('USAGE', { reason: `There is no option ${misspelt}; see cluster search --help.` });
  return words.filter((word) => word !== '--').join(' ');
}
