import type { Command } from 'commander';
import { Output } from '../terminal/output.ts';
import { statusCard } from '../terminal/views.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

/** `cluster status`: queue, model and counts. */
export function statusCommand(cli: Cli): Command {
  return clientCommand('status', summaries.status, 'cluster status --json').action(
    async (options: ClientOptions) => {
      const ask = withConnection(options, 'submitter', (connection) => request(connection, 'status', {}, {}));
      const status = await untilInterrupted(cli.interrupted, ask);
      await new Output(cli, options.json === true).result(status, () => statusCard(status));
    },
  );
}
