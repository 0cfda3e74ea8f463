import type { Command } from 'commander';
import { Output } from '../terminal/output.ts';
import {
  firedLine,
  removedLine,
  scheduleCard,
  scheduleTable,
  stateLine,
} from '../terminal/schedule-views.ts';
import { request, type ReplyOf } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, commandGroup, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { addCommand } from './schedule-add.ts';
import { summaries } from './summaries.ts';

/** Requests that name a schedule, and nothing else. */
type Act = 'scheduleShow' | 'schedulePause' | 'scheduleResume' | 'scheduleRun' | 'scheduleRemove';

/** A thousand schedules are read one by one. */
const listTimeoutMs = 30_000;

/** `cluster schedule`: what the cluster does by itself, and when. */
export function scheduleCommand(cli: Cli): Command {
  return commandGroup('schedule', summaries.schedule, 'cluster schedule list')
    .addCommand(addCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(
      actCommand(
        cli,
        'show',
        'Shows a schedule, and what became of its last times.',
        'scheduleShow',
        scheduleCard,
      ),
    )
    .addCommand(
      actCommand(
        cli,
        'pause',
        'Lets a schedule fire no more until it is resumed.',
        'schedulePause',
        stateLine,
      ),
    )
    .addCommand(
      actCommand(
        cli,
        'resume',
        'Lets a schedule fire again; what came meanwhile is not made up for.',
        'scheduleResume',
        stateLine,
      ),
    )
    .addCommand(actCommand(cli, 'run', 'Fires a schedule now, also a paused one.', 'scheduleRun', firedLine))
    .addCommand(
      actCommand(cli, 'remove', 'Removes a schedule; its run goes on.', 'scheduleRemove', removedLine),
    );
}

function listCommand(cli: Cli): Command {
  const does = 'Lists the schedules: when they fire next, what became of the last time.';
  return clientCommand('list', does, 'cluster schedule list').action(async (options: ClientOptions) => {
    const list = withConnection(options, 'operator', (connection) =>
      request(connection, 'scheduleList', {}, {}, listTimeoutMs),
    );
    const reply = await untilInterrupted(cli.interrupted, list);
    await new Output(cli, options.json === true).result(reply, () => scheduleTable(reply.schedules));
  });
}

/** A command for one schedule. */
function actCommand<Name extends Act>(
  cli: Cli,
  name: string,
  does: string,
  act: Name,
  view: (reply: ReplyOf<Name>) => string,
): Command {
  return clientCommand(name, does, `cluster schedule ${name} nightly`)
    .argument('<name>', 'of the schedule')
    .action(async (schedule: string, options: ClientOptions) => {
      const asked = withConnection(options, 'operator', (connection) =>
        request<Act>(connection, act, {}, { name: schedule }),
      );
      const reply = (await untilInterrupted(cli.interrupted, asked)) as ReplyOf<Name>;
      await new Output(cli, options.json === true).result(reply, () => view(reply));
    });
}
