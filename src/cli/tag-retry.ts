import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import type { RunRecord } from '../transport/payloads.ts';
import { tagSpec, type TagSpec } from '../transport/run-spec.ts';
import { startRunOn } from '../transport/run-start.ts';
import type { Cli } from './cli.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { findRun, runCommand } from './run-commands.ts';
import { outputFile } from './run-files.ts';
import { followRun, type FollowOptions } from './run-follow.ts';

interface RetryOptions extends FollowOptions {
  readonly out?: string;
  readonly overwrite?: boolean;
}

/** `cluster tag retry`: another run over what a run has no tags for, into a file of its own. */
export function retryCommand(cli: Cli): Command {
  const does =
    'Tags what a run over files has no tags for: what failed, and what has been added to its files since. The tags go into a file of their own.';
  return runCommand('retry', does, 'tag')
    .option('--out <file>', 'where the tags go (default: that of the run, with .retry behind it)')
    .option('--overwrite', 'replaces that file if it is there')
    .option('--detach', 'does not follow it')
    .action(async (id: string | undefined, options: RetryOptions) => {
      await withConnection(options, 'operator', async (connection) => {
        const found = await untilInterrupted(cli.interrupted, findRun(connection, 'tag', id));
        const spec = await retryOf(found, options);
        const run = await startRunOn(connection, [found.node], spec);
        await followRun(cli, connection, run, options);
      });
    });
}

/** @throws Fault `USAGE`, `FILE_WRITE` */
async function retryOf(run: RunRecord, { out, overwrite = false }: RetryOptions): Promise<TagSpec> {
  const { success, data: spec } = tagSpec.safeParse(run.spec);
  if (!success)
    throw new Fault('USAGE', {
      reason: `The run ${run.id} is over stored photos: \`cluster tag --stored\` tags those that are left.`,
    });
  if (run.state !== 'done')
    throw new Fault('USAGE', {
      reason: `The run ${run.id} is not done: go on with it first, by \`cluster tag resume ${run.id}\`.`,
    });
  const file = await outputFile(out ?? `${spec.out}.retry`, overwrite);
  return { ...spec, out: file, overwrite, retryOf: run.id };
}
