import { Option, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import type { RescoreSpec, TagSpec } from '../transport/run-spec.ts';
import type { Cli } from './cli.ts';
import { clientCommand } from './command.ts';
import { withRunCommands } from './run-commands.ts';
import { inputFiles, outputFile } from './run-files.ts';
import { modelPrefix, paths, startable, startRun, type RunStartOptions } from './run-start.ts';

interface TagOptions extends RunStartOptions {
  readonly pixels?: readonly string[];
  readonly out?: string;
  readonly model?: string;
  readonly scores?: TagSpec['scores'];
  readonly stored?: true;
  readonly stale?: true;
  readonly all?: true;
}

/** `cluster tag`: the tags of the photos of files, into a file; or those of stored photos anew. */
export function tagCommand(cli: Cli): Command {
  const does =
    'Tags the photos of a file with any model, into a file, or stored photos again with the model in use; follows the run.';
  const examples =
    'cluster tag --pixels photos.tsv.gz --out tags.tsv --model 3f2a91\n  cluster tag --stored       # after `cluster models activate`';
  const command = clientCommand('tag', does, examples)
    .option('--pixels <file...>', 'photos: lines of photo_id<TAB>base64, plain or gzip', paths)
    .option('--out <file>', 'where the tags go: lines of photo_id<TAB>{"class": score, …}')
    .option('--model <model>', 'id of a model, or enough of the beginning (default: in use)', modelPrefix)
    .addOption(
      new Option(
        '--scores <which>',
        'tags above their thresholds (default), or the scores of all classes',
      ).choices(['tags', 'all']),
    )
    .option(
      '--stored',
      'scores the stored features of photos again, without their pixels; the tags are searched at once',
    )
    .option('--stale', 'with --stored: photos whose tags are of an earlier model (default)')
    .option('--all', 'with --stored: all photos');
  startable(command).action(async (options: TagOptions) => {
    await startRun(cli, options, options.stored === true ? rescoreSpecOf(options) : await tagSpecOf(options));
  });
  return withRunCommands(command, cli, 'tag');
}

/** @throws Fault `USAGE`, `FILE_READ`, `FILE_WRITE` */
async function tagSpecOf({ pixels, out, model, scores = 'tags', stale, all }: TagOptions): Promise<TagSpec> {
  if (stale === true || all === true)
    throw new Fault('USAGE', { reason: 'Which photos, --stale or --all, is said of --stored ones: add it.' });
  // Not required by the syntax: `cluster tag status` has neither.
  if (pixels === undefined || out === undefined)
    throw new Fault('USAGE', {
      reason: 'Say what to tag, and where the tags go: --pixels FILE --out FILE, or --stored.',
    });
  const [files, file] = [await inputFiles(pixels), await outputFile(out)];
  if (files.includes(file))
    throw new Fault('USAGE', {
      reason: '--out is a file of --pixels, and would replace it: give another.',
    });
  return { kind: 'tag', pixels: files, out: file, scores, ...(model === undefined ? {} : { model }) };
}

/** @throws Fault `USAGE` */
function rescoreSpecOf(options: TagOptions): RescoreSpec {
  const other = (['pixels', 'out', 'model', 'scores'] as const).find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw new Fault('USAGE', {
      reason: `Stored photos are tagged where they are, by the model in use: leave out --${other}.`,
    });
  if (options.stale === true && options.all === true)
    throw new Fault('USAGE', { reason: 'Give --stale or --all, not both.' });
  return { kind: 'rescore', which: options.all === true ? 'all' : 'stale' };
}
