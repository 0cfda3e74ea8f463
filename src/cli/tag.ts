import { InvalidArgumentError, Option, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import type { RescoreSpec, TagSpec } from '../transport/run-spec.ts';
import type { Cli } from './cli.ts';
import { clientCommand } from './command.ts';
import { withRunCommands } from './run-commands.ts';
import { inputFiles, inputFolders, outputFile } from './run-files.ts';
import { modelPrefix, paths, startable, startRun, type RunStartOptions } from './run-start.ts';
import { summaries } from './summaries.ts';
import { failuresCommand } from './tag-failures.ts';
import { retryCommand } from './tag-retry.ts';

interface TagOptions extends RunStartOptions {
  readonly pixels?: readonly string[];
  readonly folders?: readonly string[];
  readonly list?: readonly string[];
  readonly out?: string;
  readonly overwrite?: true;
  readonly model?: string;
  readonly scores?: TagSpec['scores'];
  readonly only?: TagSpec['only'];
  readonly limitRate?: number;
  readonly stored?: true;
  readonly stale?: true;
  readonly all?: true;
  readonly query?: string;
}

/** Options that say something of files only, and of stored photos only. */
const ofFiles = [
  'pixels',
  'folders',
  'list',
  'out',
  'overwrite',
  'model',
  'scores',
  'only',
  'limitRate',
] as const;
const ofStored = ['stale', 'all', 'query'] as const;

/** `cluster tag`: the tags of the photos of files, into a file; or those of stored photos anew. */
export function tagCommand(cli: Cli): Command {
  const examples = [
    'cluster tag --pixels photos.tsv.gz --out tags.tsv --model 3f2a91',
    'cluster tag --folders ~/photos --out tags.tsv --only unprocessed --limit-rate 50',
    "cluster tag --stored --query 'beach -people'       # after `cluster models activate`",
  ].join('\n  ');
  const command = clientCommand('tag', summaries.tag, examples)
    .option('--pixels <file...>', 'photos: lines of photo_id<TAB>base64, plain or gzip', paths)
    .option('--folders <folder...>', 'all photos below folders; the id of one is its path there', paths)
    .option('--list <file...>', 'photos by their paths, one a line, from the folder of the list', paths)
    .option('--out <file>', 'where the tags go: lines of photo_id<TAB>{"class": score, …}')
    .option('--overwrite', 'replaces that file if it is there')
    .option('--model <model>', 'id of a model, or enough of the beginning (default: in use)', modelPrefix)
    .addOption(
      new Option(
        '--scores <which>',
        'tags above their thresholds (default), or the scores of all classes',
      ).choices(['tags', 'all']),
    )
    .addOption(
      new Option('--only <which>', 'all photos (default), or those that searches do not know').choices([
        'all',
        'unprocessed',
      ]),
    )
    .option('--limit-rate <n>', 'photos a second at most, over all nodes', rate)
    .option(
      '--stored',
      'scores the stored features of photos again, without their pixels; the tags are searched at once',
    )
    .option('--stale', 'with --stored: photos whose tags are of an earlier model (default)')
    .option('--all', 'with --stored: all photos')
    .option('--query <query>', 'with --stored: of these, the ones that a search finds');
  startable(command).action(async (options: TagOptions) => {
    await startRun(cli, options, options.stored === true ? rescoreSpecOf(options) : await tagSpecOf(options));
  });
  return withRunCommands(command, cli, 'tag').addCommand(failuresCommand(cli)).addCommand(retryCommand(cli));
}

/** @throws Fault `USAGE`, `FILE_READ`, `FILE_WRITE` */
async function tagSpecOf(options: TagOptions): Promise<TagSpec> {
  const other = given(options, ofStored);
  if (other !== undefined)
    throw new Fault('USAGE', { reason: `Which stored photos, ${other}, is said of --stored ones: add it.` });
  const { pixels = [], folders = [], list = [], out, overwrite = false, model, limitRate } = options;
  // Not required by the syntax: `cluster tag status` has neither.
  if (pixels.length + folders.length + list.length === 0 || out === undefined)
    throw new Fault('USAGE', {
      reason:
        'Say what to tag, and where the tags go: --pixels FILE, --folders FOLDER or --list FILE with --out FILE; or --stored.',
    });
  const [files, lists] = [await inputFiles(pixels), await inputFiles(list)];
  const file = await outputFile(out, overwrite);
  if ([...files, ...lists].includes(file))
    throw new Fault('USAGE', { reason: '--out is a file of photos, and would replace it: give another.' });
  return {
    kind: 'tag',
    pixels: files,
    folders: await inputFolders(folders),
    lists,
    out: file,
    overwrite,
    scores: options.scores ?? 'tags',
    only: options.only ?? 'all',
    ...(model === undefined ? {} : { model }),
    ...(limitRate === undefined ? {} : { rate: limitRate }),
  };
}

/** @throws Fault `USAGE` */
function rescoreSpecOf(options: TagOptions): RescoreSpec {
  const other = given(options, ofFiles);
  if (other !== undefined)
    throw new Fault('USAGE', {
      reason: `Stored photos are tagged where they are, by the model in use: leave out ${other}.`,
    });
  const { stale, all, query } = options;
  if (stale === true && all === true)
    throw new Fault('USAGE', { reason: 'Give --stale or --all, not both.' });
  return {
    kind: 'rescore',
    which: all === true ? 'all' : 'stale',
    ...(query === undefined ? {} : { query }),
  };
}

/** The first of some options that was given, as it is written. */
function given(options: TagOptions, names: readonly (keyof TagOptions)[]): string | undefined {
  const found = names.find((name) => options[name] !== undefined);
  return found === undefined
    ? undefined
    : `--${found.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function rate(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= 0.01 && value <= 1_000_000) return value;
  throw new InvalidArgumentError('Give a number of photos a second, from 0.01 to 1,000,000.');
}
