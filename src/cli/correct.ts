import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import { labelLine } from '../base/label-line.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { tagsLine } from '../terminal/views.ts';
import { callerName } from '../transport/caller.ts';
import type { Connection } from '../transport/connection.ts';
import { request } from '../transport/requests.ts';
import { writeWhole } from '../transport/whole-file.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { outputFile } from './run-files.ts';
import { summaries } from './summaries.ts';

interface CorrectOptions extends ClientOptions {
  readonly accept: readonly string[];
  readonly reject: readonly string[];
  readonly undo: readonly string[];
  readonly by: string;
}

/** `cluster correct`: what a user says of the tags of a photo. */
export function correctCommand(cli: Cli): Command {
  return clientCommand(
    'correct',
    summaries.correct,
    'cluster correct holiday-17 --accept beach --reject "sand bar"',
  )
    .argument('<id>', 'id of the photo')
    .option('--accept <tag...>', 'the photo has these tags', listed, [])
    .option('--reject <tag...>', 'the photo does not have these tags', listed, [])
    .option('--undo <tag...>', 'takes back what was said of these tags', listed, [])
    .option('--by <name>', 'who says so', callerName())
    .action(async (id: string, options: CorrectOptions) => {
      const { by } = options;
      const tags = verdictsOf(options);
      checkPhotoId(id);
      const correct = withConnection(options, 'submitter', (connection) =>
        request(connection, 'correct', {}, { id, tags, by }),
      );
      const photo = await untilInterrupted(cli.interrupted, correct);
      const output = new Output(cli, options.json === true);
      await output.result(photo, () => `${printable(id)}  ${tagsLine(photo.tags)}`);
    });
}

interface CorrectionsOptions extends ClientOptions {
  readonly out: string;
}

/** `cluster corrections`: all that users have said, as label data. */
export function correctionsCommand(cli: Cli): Command {
  return clientCommand('corrections', summaries.corrections, 'cluster corrections --out labels.tsv')
    .requiredOption('--out <file>', 'where they go: lines of class<TAB>photo_id<TAB>TRUE or FALSE')
    .action(async (options: CorrectionsOptions) => {
      const file = await outputFile(options.out, true);
      const count = { photos: 0, labels: 0 };
      const write = withConnection(options, 'operator', (connection) =>
        writeWhole(file, labelsOf(connection, count)),
      );
      await untilInterrupted(cli.interrupted, write);
      const output = new Output(cli, options.json === true);
      await output.result(
        { out: file, ...count },
        `Wrote ${String(count.labels)} labels of ${String(count.photos)} photos to ${printable(options.out)}.`,
      );
    });
}

async function* labelsOf(
  connection: Connection,
  count: { photos: number; labels: number },
): AsyncGenerator<Uint8Array> {
  let after: number | undefined = 0;
  while (after !== undefined) {
    const { photos, next }: { photos: CorrectedPhotos; next?: number | undefined } = await request(
      connection,
      'corrections',
      {},
      { after },
    );
    for (const { id, corrections } of photos) {
      const lines = corrections.map(({ tag, verdict }) => labelLine(tag, id, verdict === 'accept'));
      count.photos += 1;
      count.labels += lines.length;
      yield Buffer.from(lines.join(''), 'utf8');
    }
    after = next;
  }
}

type CorrectedPhotos = readonly {
  readonly id: string;
  readonly corrections: readonly { readonly tag: string; readonly verdict: 'accept' | 'reject' }[];
}[];

/** @throws Fault `USAGE` if nothing is said, or two things of one tag */
function verdictsOf({ accept, reject, undo }: CorrectOptions) {
  const said = [
    ...accept.map((tag) => ({ tag, verdict: 'accept' as const })),
    ...reject.map((tag) => ({ tag, verdict: 'reject' as const })),
    ...undo.map((tag) => ({ tag, verdict: 'none' as const })),
  ];
  if (said.length === 0)
    throw new Fault('USAGE', { reason: 'Say of which tags what: --accept TAG, --reject TAG or --undo TAG.' });
  const twice = said.find(({ tag }, index) => said.findIndex((other) => other.tag === tag) < index);
  if (twice !== undefined)
    throw new Fault('USAGE', { reason: `Say one thing of the tag ${printable(twice.tag)}, not two.` });
  return said;
}

function listed(tag: string, before: readonly string[]): string[] {
  return [...before, tag];
}
