import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { checkOwner, checkPhotoId } from '../base/ids.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import type { Connection } from '../transport/connection.ts';
import { PhotoSubmitter } from '../transport/photo-submitter.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { Ended, exitCodes } from './errors.ts';
import { pathList } from './path-list.ts';
import { photoFiles } from './photo-files.ts';
import { Progress } from './progress.ts';
import { ResultWaiter } from '../transport/result-waiter.ts';
import { SubmitRun, type SubmitCounts } from './submit-run.ts';
import { summaries } from './summaries.ts';

interface SubmitOptions extends ClientOptions {
  readonly id?: string;
  readonly owner?: string;
  readonly wait?: boolean;
  readonly top?: number;
  readonly rerun?: boolean;
  readonly timeoutMs: number;
  readonly waitForRoom: boolean;
  readonly null?: boolean;
}

/** A server that restarts is waited for this long, per photo. */
const outageMs = 30_000;

/** `cluster submit`: photos to the stream, and with `--wait` their tags. */
export function submitCommand(cli: Cli): Command {
  return clientCommand('submit', summaries.submit, 'cluster submit ~/photos --wait --top 3')
    .argument(
      '<path...>',
      'files; folders, of which all photos are taken; or - for a list of paths on standard input',
    )
    .option('--id <id>', 'id of a single photo (default: the SHA-256 of its bytes)')
    .option('--owner <name>', 'whose the photos are: cluster search owner:NAME finds them')
    .option('--wait', 'waits for the tags and prints them as they come')
    .option(
      '--timeout-ms <n>',
      'with --wait: longest time of a photo without result',
      wholeNumber(1),
      300_000,
    )
    .option('--top <n>', 'the best n tags, whatever their thresholds', wholeNumber(1, 1000))
    .option('--rerun', 'tags a photo again although it was submitted before')
    .option('--no-wait-for-room', 'fails when the queue is full, instead of waiting')
    .option('-0, --null', 'the paths on standard input end with NUL, as those of find -print0')
    .action(async (paths: string[], options: SubmitOptions) => {
      if (options.id !== undefined) await checkSingle(paths, options.id);
      if (options.owner !== undefined) checkOwner(options.owner);
      const counts = await withConnection(options, 'submitter', (connection) =>
        submit(cli, connection, paths, options),
      );
      if (counts.refused + counts.failed > 0) throw new Ended(exitCodes.failure);
      if (counts.submitted + counts.duplicates === 0)
        throw new Fault('NOT_FOUND', { what: 'photo in', id: paths.map(printable).join(', ') });
    });
}

async function submit(
  cli: Cli,
  connection: Connection,
  paths: readonly string[],
  options: SubmitOptions,
): Promise<SubmitCounts> {
  const { id, owner, top, wait, rerun, waitForRoom, timeoutMs } = options;
  const output = new Output(cli, options.json === true);
  const isList = paths.length === 1 && paths[0] === '-';
  const pathSource = isList ? pathList(cli.stdin, options.null === true ? '\0' : '\n') : paths;
  const waiter = wait === true ? await ResultWaiter.open(connection, timeoutMs) : undefined;
  // Results that run through the same terminal are progress enough.
  const printsLines = (wait === true || output.json) && cli.stdout.isTTY === true;
  const progress = new Progress(cli, !printsLines);
  const run = new SubmitRun(
    { id, owner, top, waitForRoom, rerun: rerunNumber(rerun === true || top !== undefined) },
    {
      submitter: new PhotoSubmitter(connection, { timeoutMs: outageMs }),
      waiter,
      output,
      progress,
      interrupted: cli.interrupted,
    },
  );
  if (!isList && progress.shown) void countInAdvance(paths, progress, cli.interrupted);
  try {
    await run.all(photoFiles(pathSource));
    return run.counts;
  } finally {
    progress.stop();
    waiter?.close();
    output.aside({ summary: run.counts }, summaryOf(run.counts, wait === true));
  }
}

/** Later than any before: who asks for other tags, or for the same once more, sends no double. */
function rerunNumber(wanted: boolean): number | undefined {
  return wanted ? Date.now() : undefined;
}

/** What was done, in one line. */
function summaryOf(counts: SubmitCounts, waited: boolean): string {
  const { submitted, duplicates, refused, tagged, failed } = counts;
  const parts = [
    `${String(submitted)} submitted`,
    `${String(duplicates)} already there`,
    `${String(refused)} refused`,
  ];
  if (waited) parts.push(`${String(tagged)} tagged`, `${String(failed)} failed`);
  return `${parts.join(', ')}.`;
}

/** Looks through the folders beside the run itself, so that the bar knows its end. */
async function countInAdvance(
  paths: readonly string[],
  progress: Progress,
  stop: AbortSignal,
): Promise<void> {
  for await (const { fault } of photoFiles(paths)) {
    if (stop.aborted) return;
    if (fault === undefined) progress.found();
  }
}

/** @throws Fault `USAGE` or `PHOTO_ID` unless it is one file and an id that it may have */
async function checkSingle(paths: readonly string[], id: string): Promise<void> {
  checkPhotoId(id);
  const [path] = paths;
  const isFolder = async () => path !== undefined && (await stat(path).catch(() => undefined))?.isDirectory();
  if (paths.length !== 1 || path === '-' || (await isFolder()) === true)
    throw new Fault('USAGE', { reason: '--id is for a single photo; leave it out, or give one file.' });
}
