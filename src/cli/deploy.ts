import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { Output } from '../terminal/output.ts';
import { bundleLines, changeLines, stuckReason } from '../terminal/topology-views.ts';
import type { Connection } from '../transport/connection.ts';
import { request, type ReplyOf } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { clearLine } from './progress.ts';
import { summaries } from './summaries.ts';
import { bundleTopology, type BundledTopology } from './topology-bundle.ts';
import { readTopologyFile } from './topology-file.ts';

interface DeployOptions extends ClientOptions {
  readonly builtin?: string;
  readonly dryRun?: boolean;
  readonly wait?: number | true;
}

interface RollbackOptions extends ClientOptions {
  readonly wait?: number | true;
}

type Deployed = ReplyOf<'topologyDeploy'>;

/** The node tries each bolt, with all the time that it may have. */
const deployTimeoutMs = 120_000;
const defaultWaitSeconds = 60;
const lookMs = 300;

/** `cluster deploy`: a topology of a file, new or in place of what runs, or a built-in one. */
export function deployCommand(cli: Cli): Command {
  const more = '\n  cluster deploy examples/exif/topology.ts --wait\n  cluster deploy --builtin photos';
  return waiting(clientCommand('deploy', summaries.deploy, `cluster deploy topology.ts --dry-run${more}`))
    .argument('[file]', 'a module (.ts, .mts, .js, .mjs) whose default export is a topology')
    .option('--builtin <name>', 'instead, one that every node knows; photos tags what is submitted')
    .option('--dry-run', 'prints what would be sent, and sends nothing')
    .action(async (file: string | undefined, options: DeployOptions) => {
      const { builtin, dryRun } = options;
      if ((file === undefined) === (builtin === undefined))
        throw new Fault('USAGE', { reason: 'Give either a FILE or --builtin NAME.' });
      if (file === undefined) {
        if (dryRun === true) throw new Fault('USAGE', { reason: '--dry-run needs a FILE.' });
        await act(cli, options, (connection) =>
          request(connection, 'topologyDeploy', {}, { builtin: builtin ?? '' }),
        );
        return;
      }
      const bundled = await untilInterrupted(cli.interrupted, readTopologyFile(file).then(bundleTopology));
      if (dryRun === true) await showBundle(cli, options, bundled);
      else await act(cli, options, (connection) => send(connection, bundled));
    });
}

/** `cluster rollback`: a topology as it was before. */
export function rollbackCommand(cli: Cli): Command {
  return waiting(clientCommand('rollback', summaries.rollback, 'cluster rollback photos --wait'))
    .argument('<name>', 'a topology')
    .action(async (name: string, options: RollbackOptions) => {
      await act(cli, options, (connection) => request(connection, 'topologyRollback', {}, { name }));
    });
}

function waiting(command: Command): Command {
  return command.option(
    '-w, --wait [seconds]',
    `until every node runs it, ${String(defaultWaitSeconds)} s at most, or says why not`,
    wholeNumber(1, 86_400),
  );
}

function send(connection: Connection, { spec, bundle }: BundledTopology): Promise<Deployed> {
  const sent = { spec, ...(bundle && { archive: Uint8Array.from(bundle.archive) }) };
  return request(connection, 'topologyDeploy', {}, sent, deployTimeoutMs);
}

async function act(
  cli: Cli,
  { wait, ...options }: RollbackOptions,
  ask: (connection: Connection) => Promise<Deployed>,
): Promise<void> {
  const output = new Output(cli, options.json === true);
  const work = withConnection(options, 'operator', async (connection) => {
    const deployed = await ask(connection);
    if (wait !== undefined)
      await untilSettled(connection, deployed, wait === true ? defaultWaitSeconds : wait, (text) => {
        if (options.json !== true && cli.stderr.isTTY === true) cli.stderr.write(`${clearLine}${text}`);
      });
    return deployed;
  });
  const deployed = await untilInterrupted(cli.interrupted, work);
  await output.result(deployed, () => changeLines(deployed, wait !== undefined));
}

/** @throws Fault `TOPOLOGY_STUCK` that says what does not run; `TOPOLOGY_SUPERSEDED` if it is another version by now */
async function untilSettled(
  connection: Connection,
  { name, version, status }: Deployed,
  seconds: number,
  show: (progress: string) => void,
): Promise<void> {
  if (status === 'killing') return;
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const { topologies } = await request(connection, 'topologyList', {}, {});
    const found = topologies.find((topology) => topology.name === name);
    if (found?.version !== version) throw new Fault('TOPOLOGY_SUPERSEDED', { name, version });
    const { running, wanted } = found.tasks;
    const isOver = found.settled || performance.now() > deadline;
    show(
      isOver ? '' : `${String(running)} of ${String(wanted)} tasks run as version ${String(version)} says`,
    );
    if (found.settled) return;
    if (isOver) throw new Fault('TOPOLOGY_STUCK', { name, version, reason: stuckReason(found) });
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

async function showBundle(
  cli: Cli,
  { json }: ClientOptions,
  { spec, files }: BundledTopology,
): Promise<void> {
  const listed = files.map(({ path, executable, bytes }) => ({ path, executable, bytes: bytes.length }));
  const value = { spec, files: listed };
  await new Output(cli, json === true).result(value, () => bundleLines(spec, listed));
}
