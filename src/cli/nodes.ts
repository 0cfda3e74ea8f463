import type { Command } from 'commander';
import { evaluate } from '../repl/evaluate.ts';
import { Session } from '../repl/session.ts';
import { Output } from '../terminal/output.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

/** `cluster nodes`: who is there, who leads, who has left and why. */
export function nodesCommand(cli: Cli): Command {
  return clientCommand('nodes', summaries.nodes, 'cluster nodes').action(async (options: ClientOptions) => {
    const ask = withConnection(options, 'operator', (connection) =>
      evaluate(new Session(connection), 'nodes'),
    );
    const answer = await untilInterrupted(cli.interrupted, ask);
    if (answer !== undefined) await new Output(cli, options.json === true).result(answer.value, answer.text);
  });
}
