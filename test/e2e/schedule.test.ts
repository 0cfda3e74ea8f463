import { afterAll, beforeAll, expect, test } from 'vitest';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;

beforeAll(async () => {
  cluster = await startClusterNode({ jobThreads: 1 });
  client = await cluster.connect();
});

afterAll(async () => {
  await cluster.dispose();
});

async function run(...args: string[]) {
  const cli = new CapturedCli();
  const code = await cli.run(...args, '--nats', cluster.node.url, '--data', cluster.data.path);
  return { code, out: cli.out, err: cli.err, value: () => cli.values[0] };
}

async function bury(id: string): Promise<void> {
  await client.submit({ id, bytes: Buffer.from('no photo') });
  await until(() => client.results.has(id));
}

test('a schedule that prunes is fired, and says what its run came to; also after the node has started again', async () => {
  await bury('first');
  expect(await run('schedule', 'add', 'prune', 'old', '0 4 1 * *', '--dead', '0h')).toMatchObject({
    code: 0,
  });
  for (const states of [['done'], ['done', 'done']]) {
    expect((await run('schedule', 'run', 'old')).out).toMatch(/^It fires as the run prune-old-\d{17};/);
    await until(async () => {
      const { firings } = await client.ask('scheduleShow', {}, { name: 'old' });
      return firings.map(({ state }) => state).join() === states.join();
    }, 60_000);
    expect((await client.ask('deadList', {}, {})).letters).toEqual([]);
    const status = await run('prune', 'status');
    expect(status.out).toMatch(/^dead letters +1$|^deadLetters +1$/m);
    if (states.length === 1) {
      await client.close();
      await cluster.node.stop();
      await cluster.restart();
      client = await cluster.connect();
      await bury('second');
    }
  }
});

test('what would be removed is said, and is there', async () => {
  await bury('third');
  const { code, out } = await run('prune', '--dead', '0h', '--models', '1', '--runs', '90d', '--dry-run');
  expect(code).toBe(0);
  expect(out).toMatch(/^dry run +true$/m);
  expect((await client.ask('deadList', {}, {})).letters).toHaveLength(1);
  expect(await run('prune')).toMatchObject({ code: 2, out: '' });
});
