import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandLine } from '../../src/transport/server/server-process.ts';
import { ClusterCommand } from '../support/cluster-command.ts';
import { dataFolder, type DataFolder } from '../support/data-folder.ts';
import { freePort } from '../support/nats.ts';
import { until } from '../support/until.ts';

interface Invited {
  readonly token: string;
  readonly line: string;
}

const catFile = join(import.meta.dirname, '../../.cache/photos/cat.png');

/** A folder stands for a machine: a node's data, and the configuration of its user. */
let first: DataFolder;
let second: DataFolder;
let stranger: DataFolder;
let port: number;
const nodes: ClusterCommand[] = [];

const on = async (
  { path }: DataFolder,
  args: readonly string[],
  environment: Record<string, string> = {},
) => {
  const command = new ClusterCommand(args, { XDG_CONFIG_HOME: path, ...environment });
  return { code: await command.ended, out: command.out, err: command.err };
};

const startNode = async ({ path }: DataFolder, args: readonly string[]) => {
  const own = ['--data', path, '--http-port', '0', '--threads', '1', '--disk-reserve-bytes', '0'];
  const node = new ClusterCommand(['start', ...args, ...own], { XDG_CONFIG_HOME: path });
  nodes.push(node);
  await until(() => node.out.includes('Ctrl-C') || node.process.exitCode !== null, 60_000);
  expect(node.out, node.err).toContain('is up');
  return node;
};

const invite = async (...args: string[]) => {
  const { out } = await on(first, ['invite', '--data', first.path, '--json', ...args]);
  return JSON.parse(out) as Invited;
};

beforeAll(async () => {
  [first, second, stranger] = [await dataFolder(), await dataFolder(), await dataFolder()];
  port = await freePort();
  await startNode(first, ['--listen', `127.0.0.2:${String(port)}`]);
}, 90_000);

afterAll(async () => {
  for (const node of nodes.reverse()) {
    node.process.kill('SIGTERM');
    await node.ended;
  }
  await Promise.all([first, second, stranger].map((folder) => folder.remove()));
}, 60_000);

test('a second node joins by the line that is printed', async () => {
  const { line, token } = await invite('--name', 'n7');
  expect(line).toBe(`cluster start --nats ${token} --name n7`);
  const node = await startNode(second, line.split(' ').slice(2));
  const listed = await on(first, ['nodes', '--nats', `nats://127.0.0.1:${String(port)}`]);
  expect([listed.code, listed.out]).toEqual([0, expect.stringMatching(/^n1\n[\s\S]*^n7\n/m)]);
  // A token may be seen by whoever gives it, and by nobody else.
  for (const { out, err } of nodes) expect(out + err).not.toContain('autotag1.');
  expect(await commandLine(node.process.pid ?? 0)).toMatch(/^cluster\s*$/);
}, 90_000);

test('a client submits by its token, and may do no more than its role', async () => {
  const { line, token } = await invite('--role', 'submitter');
  expect(line).toBe(`export CLUSTER_NATS_URL=${token}`);
  const environment = { CLUSTER_NATS_URL: token };
  const sent = await on(stranger, ['submit', '--wait', '--top', '1', '--json', catFile], environment);
  expect(sent.code, sent.err).toBe(0);
  expect(JSON.parse(sent.out)).toMatchObject({ tags: [{ tag: expect.any(String) as unknown }] });
  expect(await on(stranger, ['nodes'], environment)).toMatchObject({
    code: 1,
    err: expect.stringContaining('no permission') as unknown,
  });
}, 60_000);

test('commands on the machine of the node need no token, with its data folder or without', async () => {
  const url = `nats://127.0.0.1:${String(port)}`;
  for (const args of [['status'], ['dead', 'list'], ['search', 'cat', '--data', first.path]])
    expect(await on(first, [...args, '--nats', url])).toMatchObject({ code: 0, err: '' });
  const refused = await on(stranger, ['status', '--nats', url]);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(url)]);
}, 60_000);

test('what cannot be listened on, or invited to, is said in a sentence', async () => {
  const start = (...args: string[]) => ['start', '--data', stranger.path, '--http-port', '0', ...args];
  const cases: readonly (readonly [sentence: RegExp, args: readonly string[]])[] = [
    [/^This machine cannot listen on 192\.0\.2\.1;/m, start('--listen', '192.0.2.1')],
    [/^Port \d+ is in use .* with --listen\.$/m, start('--listen', `127.0.0.2:${String(port)}`)],
    [/^The node of the data folder .* does not listen/, ['invite', '--data', stranger.path]],
    [/cannot be read: it holds no certificate/, ['invite', '--nats', 'tls://u:p@a', '--authority', catFile]],
  ];
  for (const [sentence, args] of cases) {
    const ended = await on(stranger, args);
    expect.soft(ended.err).toMatch(sentence);
    expect.soft(ended.code, ended.err).toBe(1);
  }
}, 120_000);
