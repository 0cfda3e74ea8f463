import type { Command } from 'commander';
import { modelCard, modelDiffView, modelTable } from '../terminal/model-views.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import type { Connection } from '../transport/connection.ts';
import { request } from '../transport/requests.ts';
import { writeWhole } from '../transport/whole-file.ts';
import type { Cli } from './cli.ts';
import { clientCommand, commandGroup, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { activateCommand, rollbackCommand } from './models-activate.ts';
import { exportCommand, importCommand } from './models-files.ts';
import { summaries } from './summaries.ts';

/** A report holds photos. */
const reportTimeoutMs = 60_000;
/** Evaluations of many classes are read whole. */
const compareTimeoutMs = 60_000;

interface ShowOptions extends ClientOptions {
  readonly report?: string;
}

interface DiffOptions extends ClientOptions {
  readonly limit: number;
}

/** `cluster models`: the registry of models. */
export function modelsCommand(cli: Cli): Command {
  return commandGroup('models', summaries.models, 'cluster models list')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(activateCommand(cli))
    .addCommand(rollbackCommand(cli))
    .addCommand(diffCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(importCommand(cli))
    .addCommand(removeCommand(cli));
}

function listCommand(cli: Cli): Command {
  return clientCommand('list', 'Lists the models, the last published last.', 'cluster models list').action(
    async (options: ClientOptions) => {
      const list = withConnection(options, 'submitter', (connection) =>
        request(connection, 'modelList', {}, {}),
      );
      const models = await untilInterrupted(cli.interrupted, list);
      await new Output(cli, options.json === true).result(models, () => modelTable(models));
    },
  );
}

function showCommand(cli: Cli): Command {
  const example = 'cluster models show 3f2a91 --report report.html';
  return clientCommand('show', 'Shows a model: its blocks, its evaluation, where it comes from.', example)
    .argument('<model>', 'its id, or enough of the beginning')
    .option('--report <file>', 'saves the report of its evaluation, a page of HTML, to a new file')
    .action(async (model: string, options: ShowOptions) => {
      const { report } = options;
      const role = report === undefined ? 'submitter' : 'operator';
      const show = withConnection(options, role, async (connection) => {
        const shown = await request(connection, 'modelShow', {}, { model });
        if (report !== undefined) await saveReport(connection, shown.model.id, report);
        return shown;
      });
      const shown = await untilInterrupted(cli.interrupted, show);
      const output = new Output(cli, options.json === true);
      await output.result(shown, () => modelCard(shown));
      if (report !== undefined) output.notice(`Wrote the report to ${printable(report)}.`);
    });
}

async function saveReport(connection: Connection, model: string, file: string): Promise<void> {
  const { html } = await request(connection, 'modelReport', {}, { model }, reportTimeoutMs);
  await writeWhole(file, [html], { existing: 'refuse' });
}

function diffCommand(cli: Cli): Command {
  const example = 'cluster models diff 3f2a91 77ab04 --limit 10';
  return clientCommand('diff', 'Compares two models: which classes gained and lost.', example)
    .argument('<before>', 'id of a model, or enough of the beginning')
    .argument('<after>', 'id of another one')
    .option('--limit <n>', 'so many of the greatest gains, and of the greatest losses', wholeNumber(1), 20)
    .action(async (before: string, after: string, options: DiffOptions) => {
      const compare = withConnection(options, 'submitter', (connection) =>
        request(connection, 'modelDiff', {}, { before, after }, compareTimeoutMs),
      );
      const diff = await untilInterrupted(cli.interrupted, compare);
      await new Output(cli, options.json === true).result(diff, () => modelDiffView(diff, options.limit));
    });
}

function removeCommand(cli: Cli): Command {
  return clientCommand(
    'remove',
    'Removes a model that is not in use, for good.',
    'cluster models remove 3f2a91',
  )
    .argument('<model>', 'its id, or enough of the beginning')
    .action(async (model: string, options: ClientOptions) => {
      const remove = withConnection(options, 'operator', (connection) =>
        request(connection, 'modelRemove', {}, { model }),
      );
      const reply = await untilInterrupted(cli.interrupted, remove);
      await new Output(cli, options.json === true).result(reply, `Removed ${reply.removed}.`);
    });
}
