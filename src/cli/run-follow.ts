import { delay, systemClock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { Output } from '../terminal/output.ts';
import { runCard } from '../terminal/run-views.ts';
import type { Connection } from '../transport/connection.ts';
import type { RunRecord } from '../transport/payloads.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import type { ClientOptions } from './command.ts';
import { untilInterrupted } from './errors.ts';
import { RunDisplay } from './run-display.ts';
import { commandOf } from './run-kind.ts';

/** Options of commands that begin something. */
export interface FollowOptions extends ClientOptions {
  readonly detach?: boolean;
}

const pollMs = 500;
/** A server or a node that restarts is waited for; the run goes on, or goes on then. */
const outageMs = 60_000;

/**
 * Follows a run that was just begun to its end, and says what it came to; with `--detach` only says that it has begun.
 * @throws Fault of the run, `CANCELLED`, `NODE_UNAVAILABLE`, `NATS_UNREACHABLE`; Interrupted: the run goes on
 */
export async function followRun(
  cli: Cli,
  connection: Connection,
  run: RunRecord,
  options: FollowOptions,
): Promise<void> {
  const output = new Output(cli, options.json === true);
  const begun = `The run ${run.id} has begun on ${run.node}.`;
  if (options.detach === true) {
    await output.result(run, `${begun} ${commandsText(run)}`);
    return;
  }
  output.notice(`${begun} Ctrl-C leaves it alone.`);
  await tellEnd(await untilEnded(cli, connection, run, output), output);
}

async function untilEnded(
  cli: Cli,
  connection: Connection,
  begun: RunRecord,
  output: Output,
): Promise<RunRecord> {
  const display = new RunDisplay(cli, output);
  try {
    let run = begun;
    for (;;) {
      display.show(run);
      if (run.state !== 'running') return run;
      await untilInterrupted(cli.interrupted, delay(systemClock, pollMs));
      run = await untilInterrupted(cli.interrupted, look(cli, connection, run, display));
    }
  } catch (error) {
    display.stop();
    output.notice(`The run ${begun.id} is not followed any more, and goes on. ${commandsText(begun)}`);
    throw error;
  } finally {
    display.stop();
  }
}

/** The run as it is now; while nobody answers, for a while, it is asked for again. */
async function look(
  cli: Cli,
  connection: Connection,
  { id }: RunRecord,
  display: RunDisplay,
): Promise<RunRecord> {
  const deadline = performance.now() + outageMs;
  for (let patienceMs = 0; ; patienceMs = Math.max(deadline - performance.now(), 0)) {
    try {
      // A request that waits for the connection would only time out.
      if (!(await connection.untilConnected(patienceMs)))
        throw new Fault('NATS_UNREACHABLE', { url: connection.url, reason: 'the connection broke' });
      const { runs } = await request(connection, 'runList', {}, { run: id });
      const [run] = runs;
      if (run === undefined) throw new Fault('NOT_FOUND', { what: 'run', id });
      return run;
    } catch (error) {
      const isOutage = Fault.from(error).disposition === 'retry';
      if (!isOutage || cli.interrupted.aborted || performance.now() > deadline) throw error;
    }
    if (patienceMs === 0) display.say('The cluster does not answer: waiting for it (Ctrl-C stops).');
    await delay(systemClock, pollMs);
  }
}

async function tellEnd(run: RunRecord, output: Output): Promise<void> {
  await output.result(run, () => (run.state === 'done' ? runCard(run) : ''));
  if (run.state === 'done') return;
  output.notice(`\`${commandOf(run.id)} resume ${run.id}\` goes on where the run was.`);
  if (run.state === 'cancelled') throw new Fault('CANCELLED', { what: `run ${run.id}` });
  if (run.state === 'paused') throw new Fault('PAUSED', { run: run.id });
  throw Fault.fromWire(
    run.fault ?? { code: 'INTERNAL', message: '', details: { reason: `the run ${run.id} gave no reason` } },
  );
}

function commandsText({ id }: RunRecord): string {
  const command = commandOf(id);
  return `\`${command} status ${id}\` shows how far it is, \`${command} cancel ${id}\` ends it.`;
}
