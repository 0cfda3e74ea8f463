import { InvalidArgumentError, Option, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { nameProblem } from '../base/ids.ts';
import { trainSpec, type TrainSpec } from '../transport/run-spec.ts';
import { wholeNumber } from './command.ts';
import { inputFiles, inputFolders } from './run-files.ts';
import { paths } from './run-start.ts';

/** What a training run can be told on the command line. */
export interface TrainOptions extends Pick<TrainSpec, 'extractor' | 'name' | 'precision'> {
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

/**
 * Adds the options of {@link trainSpecOf}.
 * @param update - parses the model to start from
 */
export function trainable(command: Command, update: (text: string) => string): Command {
  return command
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
    .option('--update <model>', 'starts from a model: its labels count where these are silent', update)
    .option('--activate', 'puts the model in use, if it is not worse than the one in use');
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

/**
 * What a training run is told.
 * @throws Fault `USAGE`, `FILE_READ`
 */
export async function trainSpecOf(options: TrainOptions): Promise<TrainSpec> {
  checkSources(options);
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
