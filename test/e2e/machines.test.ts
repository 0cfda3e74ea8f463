import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterCommand } from '../support/cluster-command.ts';
import { dataFolder, type DataFolder } from '../support/data-folder.ts';
import { machinesObstacle, makeMachines, type Machines } from '../support/machines.ts';
import { until } from '../support/until.ts';

const catFile = join(import.meta.dirname, '../../.cache/photos/cat.png');

const skipped = machinesObstacle !== undefined;
const why = machinesObstacle === undefined ? '' : `, not tested here: ${machinesObstacle}`;

describe.skipIf(skipped)(`three bare machines on a network${why}`, () => {
  let network: Machines;
  const folders: DataFolder[] = [];
  const nodes: ClusterCommand[] = [];

  beforeAll(async () => {
    network = await makeMachines(3);
    for (let count = 0; count < 3; count++) folders.push(await dataFolder());
  });

  afterAll(async () => {
    for (const node of nodes.reverse()) {
      node.process.kill('SIGTERM');
      await node.ended;
    }
    for (const folder of folders) await folder.remove();
    await network.remove();
  }, 60_000);

  /** Starts a command on a machine. */
  const on = (machine: number, args: readonly string[], environment: Record<string, string> = {}) => {
    const own = { XDG_CONFIG_HOME: folders[machine]!.path, ...environment };
    return new ClusterCommand(args, own, network.machines[machine]!.within);
  };
  const startNode = async (machine: number, args: readonly string[]) => {
    const node = on(machine, ['start', ...args, '--data', folders[machine]!.path, '--threads', '1']);
    nodes.push(node);
    await until(() => node.out.includes('Ctrl-C') || node.process.exitCode !== null, 60_000);
    expect(node.out, node.err).toContain('is up');
  };
  const invite = async (...args: string[]) => {
    const command = on(0, ['invite', '--data', folders[0]!.path, ...args]);
    expect(await command.ended, command.err).toBe(0);
    return command.out.trim();
  };

  test('a node listens, another joins by the line, and a third machine has its photo tagged', async () => {
    await startNode(0, ['--listen', network.machines[0]!.address]);
    await startNode(1, (await invite()).split(' ').slice(2));
    const environment = { CLUSTER_NATS_URL: (await invite('--role', 'operator')).split('=')[1]! };
    const nodesThere = on(2, ['nodes'], environment);
    expect([await nodesThere.ended, nodesThere.out]).toEqual([
      0,
      expect.stringMatching(/^n1\n[\s\S]*^n2\n/m),
    ]);
    const submit = on(2, ['submit', '--wait', '--top', '1', catFile], environment);
    expect(await submit.ended, submit.err).toBe(0);
    expect(submit.out).toMatch(/cat\.png {2}\S/);
    const inClear = on(2, ['status', '--nats', `nats://${network.machines[0]!.address}`]);
    expect([await inClear.ended, inClear.err]).toEqual([
      1,
      expect.stringContaining('not a loopback address'),
    ]);
  }, 180_000);
});
