import { InvalidArgumentError, Option, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { nameProblem } from '../base/ids.ts';
import type { RequestOf } from '../transport/requests.ts';
import { trainSpec, type TrainSpec } from '../transport/run-spec.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber } from './command.ts';
import { withRunCommands } from './run-commands.ts';
import { inputFiles, inputFolders } from './run-files.ts';
import { modelPrefix, paths, startable, startRun, type RunStartOptions } from './run-start.ts';

interface TrainOptions extends RunStartOptions, Pick<TrainSpec, 'extractor' | 'name' | 'precision'> {
  readonly pixels?: readonly string[];
  readonly labels?: readonly string[];
  readonly folders?: readonly string[];
  readonly corrections?: boolean;
  readonly assumeNegative?: boolean;
  readonly strict?: boolean;
  readonly minExamples?: number;
  readonly prevalence?: string;
  readonly update?: string;
  readonly activate?: boolean;
}

const { precision } = trainSpec.parse({ kind: 'train' });

/** `cluster train`: from labelled photos to a model. */
export function trainCommand(cli: Cli): Command {
  const does = 'Trains a model from labelled photos, and follows the run.';
  const example = 'cluster train --pixels photos.tsv.gz --labels labels.tsv --activate';
  const command = clientCommand('train', does, example)
    .option('--pixels <file...>', 'photos: lines of photo_id<TAB>base64, plain or gzip', paths)
    .option('--labels <file...>', 'labels: lines of class<TAB>photo_id<TAB>TRUE or FALSE', paths)
    .option('--folders <folder...>', 'folders with a folder of photos for each class', paths)
    .option('--corrections', 'what users say of tags of stored photos (`cluster correct`) is labels too')
    .addOption(
      new Option(
        '--extractor <id>',
        'the features to learn from (default: lite0, or those of the model that is updated)',
      ).choices(['lite0', 'hog']),
    )
    .option(
      '--name <name>',
      "name of the model's block of classes (default: trained, or that of the model that is updated)",
      className,
    )
    .option('--precision <share>', 'share of the tags shown that shall be right', share, precision)
    .option('--assume-negative', 'where a photo has no label of a class, it counts as FALSE')
    .option('--strict', 'stops at the first thing in the input that does not fit')
    .option('--min-examples <n>', 'positive examples that a class needs', wholeNumber(1, 1_000_000))
    .option('--prevalence <file>', 'how frequent classes are among all photos: lines of class<TAB>share')
    .option('--update <model>', 'starts from a model: its labels count where these are silent', modelPrefix)
    .option('--activate', 'puts the model in use, if it is not worse than the one in use');
  startable(command).action(async (options: TrainOptions) => {
    checkSources(options);
    await startRun(cli, options, await specOf(options));
  });
  return withRunCommands(command, cli, 'train');
}

/** @throws Fault `USAGE` unless there are labels, and photos may be found for them */
function checkSources({ pixels, labels, folders, corrections, update }: TrainOptions): void {
  if (pixels !== undefined && labels === undefined)
    throw new Fault('USAGE', {
      reason: 'Nobody knows what is on the photos of --pixels: give --labels too.',
    });
  if (labels === undefined && folders === undefined && corrections !== true && update === undefined)
    throw new Fault('USAGE', {
      reason:
        'Say what to learn from: --pixels and --labels, --folders, or --labels or --corrections alone for photos that were described before.',
    });
}

async function specOf(options: TrainOptions): Promise<RequestOf<'runStart'>> {
  const {
    pixels = [],
    labels = [],
    folders = [],
    extractor,
    name,
    minExamples,
    prevalence,
    update,
  } = options;
  return {
    kind: 'train',
    pixels: await inputFiles(pixels),
    labels: await inputFiles(labels),
    folders: await inputFolders(folders),
    precision: options.precision,
    corrections: options.corrections === true,
    assumeNegative: options.assumeNegative === true,
    strict: options.strict === true,
    activate: options.activate === true,
    ...(extractor === undefined ? {} : { extractor }),
    ...(name === undefined ? {} : { name }),
    ...(minExamples === undefined ? {} : { minExamples }),
    ...(prevalence === undefined ? {} : { prevalence: (await inputFiles([prevalence]))[0] }),
    ...(update === undefined ? {} : { update }),
  };
}

function className(text: string): string {
  const problem = nameProblem(text);
  if (problem === undefined) return text;
  throw new InvalidArgumentError(`It ${problem}; use 1 to 256 bytes of Unicode without control characters.`);
}

function share(text: string): number {
  const value = /^0?\.\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 0.05 && value <= 0.99) return value;
  throw new InvalidArgumentError('Give a number from 0.05 to 0.99.');
}
