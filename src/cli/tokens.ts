import { Option, type Command } from 'commander';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { tokenTable } from '../terminal/token-views.ts';
import { apiRoles, type ApiRole } from '../transport/api-token.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, commandGroup, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

interface AddOptions extends ClientOptions {
  readonly role: ApiRole;
}

/** `cluster token`: who may use the HTTP API. */
export function tokenCommand(cli: Cli): Command {
  return commandGroup('token', summaries.token, 'cluster token add shop --role submitter')
    .addCommand(addCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(removeCommand(cli));
}

function addCommand(cli: Cli): Command {
  const does = 'Makes a token and prints it, this once: the cluster keeps its hash alone.';
  return clientCommand('add', does, 'cluster token add shop --role submitter')
    .argument('<name>', 'whose it is, for you and for the audit log')
    .addOption(new Option('--role <role>', 'what it is for').choices(apiRoles).default('viewer'))
    .action(async (name: string, options: AddOptions) => {
      const { role } = options;
      const add = withConnection(options, 'operator', (connection) =>
        request(connection, 'tokenAdd', {}, { name, role }),
      );
      const made = await untilInterrupted(cli.interrupted, add);
      const output = new Output(cli, options.json === true);
      await output.result(made, made.token);
      output.notice('Keep it: it is not shown again. It is sent as `Authorization: Bearer TOKEN`.');
    });
}

function listCommand(cli: Cli): Command {
  return clientCommand(
    'list',
    'Lists the tokens by name, not the tokens themselves.',
    'cluster token list',
  ).action(async (options: ClientOptions) => {
    const list = withConnection(options, 'operator', (connection) =>
      request(connection, 'tokenList', {}, {}),
    );
    const listed = await untilInterrupted(cli.interrupted, list);
    await new Output(cli, options.json === true).result(listed, () => tokenTable(listed.tokens));
  });
}

function removeCommand(cli: Cli): Command {
  const does = 'Removes a token: within a second it opens nothing any more.';
  return clientCommand('remove', does, 'cluster token remove shop')
    .argument('<name>', 'its name in the list')
    .action(async (name: string, options: ClientOptions) => {
      const remove = withConnection(options, 'operator', (connection) =>
        request(connection, 'tokenRemove', {}, { name }),
      );
      const removed = await untilInterrupted(cli.interrupted, remove);
      await new Output(cli, options.json === true).result(removed, `Removed ${printable(removed.name)}.`);
    });
}
