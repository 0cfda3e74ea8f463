import type { Command } from 'commander';
import { delay, systemClock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { runCard, runTable } from '../terminal/run-views.ts';
import type { Connection } from '../transport/connection.ts';
import type { RunRecord } from '../transport/payloads.ts';
import { request } from '../transport/requests.ts';
import { RunPace, type Pace } from '../transport/run-pace.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { followRun, type FollowOptions } from './run-follow.ts';
import { isOfKind, runNouns, type RunKind } from './run-kind.ts';

/** A node may have to find out first what of the run is there. */
const actTimeoutMs = 20_000;
/** How long a run under way is watched for its pace, and how often it is looked at meanwhile. */
const watchMs = 2_000;
const pollMs = 400;

/** Adds what can be done with the runs of a kind to the command that starts them. */
export function withRunCommands(command: Command, cli: Cli, kind: RunKind): Command {
  return command
    .enablePositionalOptions()
    .hook('preSubcommand', refuseEarlyOptions)
    .addCommand(statusCommand(cli, kind))
    .addCommand(listCommand(cli, kind))
    .addCommand(cancelCommand(cli, kind))
    .addCommand(pauseCommand(cli, kind))
    .addCommand(resumeCommand(cli, kind));
}

/** What stands before `status` is an option of the command that starts a run, and would be ignored. */
function refuseEarlyOptions(command: Command, subcommand: Command): void {
  const early = command.options.find(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (early === undefined) return;
  const [name, place] = [early.long ?? early.flags, subcommand.name()];
  throw new Fault('USAGE', {
    reason: `Before ${place}, ${name} means nothing: leave it out or write it after.`,
  });
}

function statusCommand(cli: Cli, kind: RunKind): Command {
  const does = `Shows how far a ${runNouns[kind]} is, or what it came to.`;
  return runCommand('status', does, kind).action(async (id: string | undefined, options: ClientOptions) => {
    const output = new Output(cli, options.json === true);
    const look = withConnection(options, 'operator', async (connection) => {
      const run = await findRun(connection, kind, id);
      return output.json || run.state !== 'running' ? { run } : await watch(connection, run);
    });
    const { run, pace } = await untilInterrupted<{ run: RunRecord; pace?: Pace | undefined }>(
      cli.interrupted,
      look,
    );
    await output.result(run, () => runCard(run, pace));
  });
}

function listCommand(cli: Cli, kind: RunKind): Command {
  const does = `Lists the ${runNouns[kind]}s that are remembered, the latest first.`;
  return clientCommand('list', does, `cluster ${kind} list`).action(async (options: ClientOptions) => {
    const list = withConnection(options, 'operator', (connection) => runsOf(connection, kind));
    const runs = await untilInterrupted(cli.interrupted, list);
    await new Output(cli, options.json === true).result({ runs }, () => runTable(runs));
  });
}

function cancelCommand(cli: Cli, kind: RunKind): Command {
  const does = `Ends a ${runNouns[kind]} that is under way; what it has done so far is kept for resume.`;
  return haltCommand(cli, kind, { name: 'cancel', does, subject: 'runCancel', done: 'Cancelled' });
}

function pauseCommand(cli: Cli, kind: RunKind): Command {
  const does = `Has a ${runNouns[kind]} that is under way rest until it is resumed.`;
  return haltCommand(cli, kind, { name: 'pause', does, subject: 'runPause', done: 'Paused' });
}

interface Halt {
  readonly name: string;
  readonly does: string;
  readonly subject: 'runCancel' | 'runPause';
  readonly done: string;
}

function haltCommand(cli: Cli, kind: RunKind, { name, does, subject, done }: Halt): Command {
  return runCommand(name, does, kind).action(async (id: string | undefined, options: ClientOptions) => {
    const halt = withConnection(options, 'operator', async (connection) => {
      const { id: run } = await findRun(connection, kind, id);
      return await request(connection, subject, {}, { run }, actTimeoutMs);
    });
    const run = await untilInterrupted(cli.interrupted, halt);
    const text = `${done} ${run.id}; \`cluster ${kind} resume ${run.id}\` goes on where it was.`;
    await new Output(cli, options.json === true).result(run, text);
  });
}

function resumeCommand(cli: Cli, kind: RunKind): Command {
  const does = `Goes on with a ${runNouns[kind]} that failed, was cancelled or paused, and follows it.`;
  return runCommand('resume', does, kind)
    .option('--detach', 'does not follow it')
    .action(async (id: string | undefined, options: FollowOptions) => {
      await withConnection(options, 'operator', async (connection) => {
        const found = await untilInterrupted(cli.interrupted, findRun(connection, kind, id));
        const tokens = { node: found.node };
        const run = await request(connection, 'runResume', tokens, { run: found.id }, actTimeoutMs);
        await followRun(cli, connection, run, options);
      });
    });
}

/** A command for one run. */
export function runCommand(name: string, does: string, kind: RunKind): Command {
  return clientCommand(name, does, `cluster ${kind} ${name}`).argument(
    '[run]',
    `its id (default: the latest ${runNouns[kind]})`,
  );
}

/**
 * A run by its id, or the latest of its kind.
 * @throws Fault `NOT_FOUND`
 */
export async function findRun(
  connection: Connection,
  kind: RunKind,
  id: string | undefined,
): Promise<RunRecord> {
  const runs = await runsOf(connection, kind);
  const found = id === undefined ? runs[0] : runs.find((run) => run.id === id);
  if (found !== undefined) return found;
  throw new Fault('NOT_FOUND', { what: runNouns[kind], id: id === undefined ? 'yet' : printable(id) });
}

/** The latest first. */
async function runsOf(connection: Connection, kind: RunKind): Promise<RunRecord[]> {
  const { runs } = await request(connection, 'runList', {}, {});
  return runs.filter((run) => isOfKind(run.id, kind)).sort((a, b) => b.startedAt - a.startedAt);
}

/** Looks again until the run has got on: only then is it known how fast it is. */
async function watch(
  connection: Connection,
  found: RunRecord,
): Promise<{ run: RunRecord; pace: Pace | undefined }> {
  const pace = new RunPace();
  const deadline = performance.now() + watchMs;
  let run = found;
  pace.note(run);
  while (pace.of(run) === undefined && run.state === 'running' && performance.now() < deadline) {
    await delay(systemClock, pollMs);
    const { runs } = await request(connection, 'runList', {}, { run: run.id });
    run = runs[0] ?? run;
    pace.note(run);
  }
  return { run, pace: pace.of(run) };
}
