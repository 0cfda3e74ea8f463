import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { deadCard, deadTable } from '../terminal/views.ts';
import type { DeadSelection } from '../transport/payloads.ts';
import { request } from '../transport/requests.ts';
import { writeWhole } from '../transport/whole-file.ts';
import type { Cli } from './cli.ts';
import { clientCommand, commandGroup, wholeNumber, wholeNumbers, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

/** Retrying thousands of letters moves all of their bytes. */
const actTimeoutMs = 600_000;

interface ListOptions extends ClientOptions {
  readonly limit: number;
  readonly after: number;
  readonly id?: string;
}

interface ShowOptions extends ClientOptions {
  readonly out?: string;
}

interface SelectOptions extends ClientOptions {
  readonly id?: string;
  readonly all?: boolean;
}

/** `cluster dead`: photos that were given up. */
export function deadCommand(cli: Cli): Command {
  return commandGroup('dead', summaries.dead, 'cluster dead list')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(retryCommand(cli))
    .addCommand(removeCommand(cli));
}

function listCommand(cli: Cli): Command {
  return clientCommand('list', 'Lists dead letters, oldest first.', 'cluster dead list --limit 20')
    .option('--limit <n>', 'letters at most, up to 1000', wholeNumber(1, 1000), 100)
    .option('--after <number>', 'only those with a higher number', wholeNumber(0), 0)
    .option('--id <id>', 'only those of this photo')
    .action(async (options: ListOptions) => {
      const { limit, after, id } = options;
      const output = new Output(cli, options.json === true);
      const list = withConnection(options, 'operator', (connection) =>
        request(connection, 'deadList', {}, { limit, after, ...(id === undefined ? {} : { id }) }),
      );
      const page = await untilInterrupted(cli.interrupted, list);
      await output.result(page, () => deadTable(page.letters));
      if (page.next !== undefined) output.notice(`There are more: --after ${String(page.next)}`);
    });
}

function showCommand(cli: Cli): Command {
  return clientCommand('show', 'Shows a dead letter.', 'cluster dead show 17 --out photo.jpg')
    .argument('<number>', 'its number in the list', wholeNumber(1))
    .option('--out <file>', 'writes the bytes of the photo to a new file')
    .action(async (sequence: number, options: ShowOptions) => {
      const output = new Output(cli, options.json === true);
      const show = withConnection(options, 'operator', (connection) =>
        request(connection, 'deadShow', {}, { sequence }, actTimeoutMs),
      );
      const { letter, photo } = await untilInterrupted(cli.interrupted, show);
      if (options.out !== undefined) await writeWhole(options.out, [photo], { existing: 'refuse' });
      await output.result(letter, () => deadCard(letter));
      if (options.out !== undefined)
        output.notice(`Wrote ${String(photo.length)} bytes to ${printable(options.out)}.`);
    });
}

function retryCommand(cli: Cli): Command {
  return selecting(clientCommand('retry', 'Queues dead letters again.', 'cluster dead retry 17 18')).action(
    async (sequences: number[], options: SelectOptions) => {
      const selection = selectionOf(sequences, options);
      const retry = withConnection(options, 'operator', (connection) =>
        request(connection, 'deadRetry', {}, selection, actTimeoutMs),
      );
      const reply = await untilInterrupted(cli.interrupted, retry);
      const output = new Output(cli, options.json === true);
      await output.result(reply, `Queued again: ${String(reply.retried)}.`);
    },
  );
}

function removeCommand(cli: Cli): Command {
  return selecting(clientCommand('remove', 'Erases dead letters for good.', 'cluster dead remove 17')).action(
    async (sequences: number[], options: SelectOptions) => {
      const selection = selectionOf(sequences, options);
      const remove = withConnection(options, 'operator', (connection) =>
        request(connection, 'deadRemove', {}, selection, actTimeoutMs),
      );
      const reply = await untilInterrupted(cli.interrupted, remove);
      const output = new Output(cli, options.json === true);
      await output.result(reply, `Removed: ${String(reply.removed)}.`);
    },
  );
}

function selecting(command: Command): Command {
  return command
    .argument('[number...]', 'numbers in the list', wholeNumbers(1))
    .option('--id <id>', 'all of this photo')
    .option('--all', 'all there are');
}

/**
 * What the arguments of retry and remove select.
 * @throws Fault `USAGE` unless it is exactly one of numbers, `--id` and `--all`
 */
function selectionOf(
  sequences: readonly number[],
  { id, all }: Pick<SelectOptions, 'id' | 'all'>,
): DeadSelection {
  const given: DeadSelection[] = [
    ...(sequences.length > 0 ? [{ sequences: [...sequences] }] : []),
    ...(id === undefined ? [] : [{ id }]),
    ...(all === true ? [{ all: true as const }] : []),
  ];
  const [selection] = given;
  if (selection === undefined || given.length > 1)
    throw new Fault('USAGE', { reason: 'Say which dead letters: either numbers, or --id ID, or --all.' });
  return selection;
}
