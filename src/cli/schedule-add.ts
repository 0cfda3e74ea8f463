import { Option, type Command } from 'commander';
import { Output } from '../terminal/output.ts';
import { addedLine } from '../terminal/schedule-views.ts';
import { request, type RequestOf } from '../transport/requests.ts';
import type { ScheduleSpec } from '../transport/schedule-record.ts';
import type { Cli } from './cli.ts';
import { clientCommand, commandGroup, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { prunable, pruneSpecOf, type PruneOptions } from './prune-options.ts';
import { modelPrefix } from './run-start.ts';
import { trainable, trainSpecOf, type TrainOptions } from './train-options.ts';

interface AddOptions extends ClientOptions {
  readonly zone: string;
  readonly start?: string;
  readonly overlap: ScheduleSpec['overlap'];
  readonly catchUp: ScheduleSpec['catchUp'];
}

/** `cluster schedule add`: what is to be done, and when. */
export function addCommand(cli: Cli): Command {
  const does = 'Adds a schedule that trains, scores again or prunes.';
  const example =
    "cluster schedule add rescore weekly 'every week' --start 2026-11-29T03:00 --zone Europe/Berlin";
  return commandGroup('add', does, example)
    .addCommand(trainCommand(cli))
    .addCommand(rescoreCommand(cli))
    .addCommand(pruneCommand(cli));
}

function trainCommand(cli: Cli): Command {
  const does =
    'Adds a schedule that trains a model each time, as `cluster train`, from the files as they are then.';
  const example =
    "cluster schedule add train nightly '30 2 * * *' --zone Europe/Berlin --labels /data/labels.tsv --update latest --activate";
  const command = timed('train', does, example);
  return trainable(command, modelOrLatest).action(
    async (name: string, when: string, options: AddOptions & TrainOptions) => {
      await add(cli, { name, when, ...timesOf(options), job: await trainSpecOf(options) }, options);
    },
  );
}

function rescoreCommand(cli: Cli): Command {
  const does = 'Adds a schedule that scores stored photos again each time, as `cluster tag --stored`.';
  return timed('rescore', does, "cluster schedule add rescore weekly 'every week' --start 2026-11-29T03:00")
    .option('--all', 'all photos (default: those whose tags are of an earlier model)')
    .action(async (name: string, when: string, options: AddOptions & { readonly all?: boolean }) => {
      const which = options.all === true ? 'all' : 'stale';
      await add(cli, { name, when, ...timesOf(options), job: { kind: 'rescore', which } }, options);
    });
}

function pruneCommand(cli: Cli): Command {
  const does = 'Adds a schedule that removes what is old each time, as `cluster prune`.';
  const example = "cluster schedule add prune monthly '0 4 1 * *' --dead 30d --models 5 --runs 90d";
  return prunable(timed('prune', does, example)).action(
    async (name: string, when: string, options: AddOptions & PruneOptions) => {
      await add(cli, { name, when, ...timesOf(options), job: pruneSpecOf(options) }, options);
    },
  );
}

/** A command that says when. */
function timed(name: string, does: string, example: string): Command {
  return clientCommand(name, does, example)
    .argument('<name>', 'of the schedule: a letter, then letters, digits and hyphens')
    .argument('<when>', "five fields of cron, '30 2 * * *', or an interval, 'every 2 weeks'")
    .option('--zone <zone>', 'the time zone whose clocks count, such as Europe/Berlin', 'UTC')
    .option('--start <time>', 'where intervals begin, as 2026-11-29T03:00 (default: now)')
    .addOption(
      new Option('--overlap <policy>', 'what happens while a run of the kind is under way')
        .choices(['skip', 'queue', 'cancel-running'])
        .default('skip'),
    )
    .addOption(
      new Option('--catch-up <policy>', 'which times are made up for that passed while the cluster was down')
        .choices(['none', 'one', 'all'])
        .default('one'),
    );
}

function timesOf({ zone, start, overlap, catchUp }: AddOptions) {
  return { zone, overlap, catchUp, ...(start === undefined ? {} : { start }) };
}

async function add(cli: Cli, spec: RequestOf<'scheduleAdd'>, options: ClientOptions): Promise<void> {
  const added = await untilInterrupted(
    cli.interrupted,
    withConnection(options, 'operator', (connection) => request(connection, 'scheduleAdd', {}, spec)),
  );
  await new Output(cli, options.json === true).result(added, () => addedLine(added));
}

function modelOrLatest(text: string): string {
  return text === 'latest' ? text : modelPrefix(text);
}
