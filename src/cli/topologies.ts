import { InvalidArgumentError, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { Output } from '../terminal/output.ts';
import { killLine, stateLine, topologyList } from '../terminal/topology-views.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, wholeNumber, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

interface RebalanceOptions extends ClientOptions {
  readonly nodes?: number;
  readonly executors?: Readonly<Record<string, number>>;
}

interface KillOptions extends ClientOptions {
  readonly wait: number;
}

/** `cluster list`: topologies, and where their tasks are. */
export function listCommand(cli: Cli): Command {
  return clientCommand('list', summaries.list, 'cluster list').action(async (options: ClientOptions) => {
    const list = withConnection(options, 'submitter', (connection) =>
      request(connection, 'topologyList', {}, {}),
    );
    const reply = await untilInterrupted(cli.interrupted, list);
    await new Output(cli, options.json === true).result(reply, () => topologyList(reply.topologies));
  });
}

/** `cluster activate`: spouts take again. */
export function activateCommand(cli: Cli): Command {
  return clientCommand('activate', summaries.activate, 'cluster activate photos')
    .argument('<name>', 'a topology')
    .action(async (name: string, options: ClientOptions) => {
      const activate = withConnection(options, 'operator', (connection) =>
        request(connection, 'topologyActivate', {}, { name }),
      );
      const reply = await untilInterrupted(cli.interrupted, activate);
      await new Output(cli, options.json === true).result(reply, () => stateLine(reply));
    });
}

/** `cluster deactivate`: spouts take nothing new. */
export function deactivateCommand(cli: Cli): Command {
  return clientCommand('deactivate', summaries.deactivate, 'cluster deactivate photos')
    .argument('<name>', 'a topology')
    .action(async (name: string, options: ClientOptions) => {
      const deactivate = withConnection(options, 'operator', (connection) =>
        request(connection, 'topologyDeactivate', {}, { name }),
      );
      const reply = await untilInterrupted(cli.interrupted, deactivate);
      await new Output(cli, options.json === true).result(reply, () => stateLine(reply));
    });
}

/** `cluster rebalance`: more or fewer nodes and tasks. */
export function rebalanceCommand(cli: Cli): Command {
  return clientCommand('rebalance', summaries.rebalance, 'cluster rebalance photos -n 3 -e autotag=8')
    .argument('<name>', 'a topology')
    .option('-n, --nodes <n>', 'nodes that it may be on, at most', wholeNumber(1))
    .option('-e, --executors <component=n>', 'tasks of a component; repeat it for others', executors)
    .action(async (name: string, { nodes, executors: parallelism, ...options }: RebalanceOptions) => {
      if (nodes === undefined && parallelism === undefined)
        throw new Fault('USAGE', { reason: 'Say what to change: -n NODES, or -e COMPONENT=N.' });
      const rebalance = withConnection(options, 'operator', (connection) =>
        request(connection, 'topologyRebalance', {}, { name, nodes, parallelism }),
      );
      const reply = await untilInterrupted(cli.interrupted, rebalance);
      await new Output(cli, options.json === true).result(reply, () => stateLine(reply));
    });
}

/** `cluster kill`: a topology, gone until it is deployed again. */
export function killCommand(cli: Cli): Command {
  return clientCommand('kill', summaries.kill, 'cluster kill photos -w 30')
    .argument('<name>', 'a topology')
    .option('-w, --wait <seconds>', 'time to finish what is in flight', wholeNumber(0, 86_400), 30)
    .action(async (name: string, { wait, ...options }: KillOptions) => {
      const kill = withConnection(options, 'operator', (connection) =>
        request(connection, 'topologyKill', {}, { name, afterMs: wait * 1_000 }),
      );
      const reply = await untilInterrupted(cli.interrupted, kill);
      await new Output(cli, options.json === true).result(reply, () => killLine(reply, wait));
    });
}

/** `autotag=8`, beside those given before. */
function executors(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, component, tasks] = /^([a-z][a-z0-9-]*)=([1-9]\d{0,3})$/.exec(text) ?? [];
  if (component === undefined)
    throw new InvalidArgumentError('Give a component and a whole number from 1, such as autotag=8.');
  return { ...before, [component]: Number(tasks) };
}
