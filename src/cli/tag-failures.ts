import type { Command } from 'commander';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import type { RunFailure } from '../transport/payloads.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import type { ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { findRun, runCommand } from './run-commands.ts';

/** `cluster tag failures`: what a run has no tags for, and why; a line each, however many there are. */
export function failuresCommand(cli: Cli): Command {
  const does = 'Lists the photos and lines that a tagging run has no tags for, each with the reason.';
  return runCommand('failures', does, 'tag').action(
    async (id: string | undefined, options: ClientOptions) => {
      const output = new Output(cli, options.json === true);
      const list = withConnection(options, 'operator', async (connection) => {
        const { id: run, node } = await findRun(connection, 'tag', id);
        for (let after: number | undefined = 0; after !== undefined && !cli.interrupted.aborted;) {
          const page: { failures: RunFailure[]; next?: number | undefined } = await request(
            connection,
            'runFailures',
            { node },
            { run, after },
          );
          for (const failure of page.failures) await output.result(failure, () => lineOf(failure));
          after = page.next;
        }
      });
      await untilInterrupted(cli.interrupted, list);
    },
  );
}

function lineOf({ id, file, line, code, message }: RunFailure): string {
  const place = file === undefined ? [] : [line === undefined ? file : `${file}:${String(line)}`];
  return [...place, ...(id === undefined ? [] : [id]), code, message].map(printable).join('\t');
}
