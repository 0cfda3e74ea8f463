import { InvalidArgumentError, type Command } from 'commander';
import { printable } from '../terminal/printable.ts';
import type { RequestOf } from '../transport/requests.ts';
import { nodesForRun, startRunOn } from '../transport/run-start.ts';
import type { Cli } from './cli.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { followRun, type FollowOptions } from './run-follow.ts';

/** Options of commands that start a run. */
export interface RunStartOptions extends FollowOptions {
  readonly node?: string;
}

const filesAtMost = 256;

/** Adds the options of {@link startRun}. */
export function startable(command: Command): Command {
  return command
    .option('--node <name>', 'the node that has the files (default: the first by name that takes runs)')
    .option('--detach', 'starts the run and does not follow it');
}

/**
 * Starts a run on a node and follows it.
 * @throws as `followRun`; Fault `NOT_FOUND` (no such node), `RUN_ACTIVE`
 */
export async function startRun(
  cli: Cli,
  options: RunStartOptions,
  spec: RequestOf<'runStart'>,
): Promise<void> {
  await withConnection(options, 'operator', async (connection) => {
    const given = options.node === undefined ? undefined : printable(options.node);
    const nodes = await untilInterrupted(cli.interrupted, nodesForRun(connection, given));
    // Not left in the middle: whoever interrupts it then is told the run's id.
    const run = await startRunOn(connection, nodes, spec);
    await followRun(cli, connection, run, options);
  });
}

/** A parser of paths for an option that may have several, and be repeated. */
export function paths(path: string, before: readonly string[] = []): string[] {
  if (before.length < filesAtMost) return [...before, path];
  throw new InvalidArgumentError(`Give ${String(filesAtMost)} at most.`);
}

/** A parser of a model's id for an option. */
export function modelPrefix(text: string): string {
  if (/^[0-9a-f]{6,64}$/.test(text)) return text;
  throw new InvalidArgumentError('Give 6 to 64 of the hex digits that the id of the model begins with.');
}
