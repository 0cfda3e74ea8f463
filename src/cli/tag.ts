import { Option, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { tagSpec, type TagSpec } from '../transport/run-spec.ts';
import type { Cli } from './cli.ts';
import { clientCommand } from './command.ts';
import { withRunCommands } from './run-commands.ts';
import { inputFiles, outputFile } from './run-files.ts';
import { modelPrefix, paths, startable, startRun, type RunStartOptions } from './run-start.ts';

interface TagOptions extends RunStartOptions {
  readonly pixels?: readonly string[];
  readonly out?: string;
  readonly model?: string;
  readonly scores: TagSpec['scores'];
}

/** `cluster tag`: the tags of the photos of files, into a file. */
export function tagCommand(cli: Cli): Command {
  const does = 'Tags the photos of a file with any model, into a file, and follows the run.';
  const example = 'cluster tag --pixels photos.tsv.gz --out tags.tsv --model 3f2a91';
  const command = clientCommand('tag', does, example)
    .option('--pixels <file...>', 'photos: lines of photo_id<TAB>base64, plain or gzip', paths)
    .option('--out <file>', 'where the tags go: lines of photo_id<TAB>{"class": score, …}')
    .option('--model <model>', 'id of a model, or enough of the beginning (default: in use)', modelPrefix)
    .addOption(
      new Option('--scores <which>', 'tags above their thresholds, or the scores of all classes')
        .choices(['tags', 'all'])
        .default(tagSpec.shape.scores.parse(undefined)),
    );
  startable(command).action(async (options: TagOptions) => {
    const { pixels, out, model, scores } = options;
    // Not required by the syntax: `cluster tag status` has neither.
    if (pixels === undefined || out === undefined)
      throw new Fault('USAGE', {
        reason: 'Say what to tag, and where the tags go: --pixels FILE --out FILE.',
      });
    const [files, file] = [await inputFiles(pixels), await outputFile(out)];
    if (files.includes(file))
      throw new Fault('USAGE', {
        reason: '--out is a file of --pixels, and would replace it: give another.',
      });
    const named = model === undefined ? {} : { model };
    await startRun(cli, options, { kind: 'tag', pixels: files, out: file, scores, ...named });
  });
  return withRunCommands(command, cli, 'tag');
}
