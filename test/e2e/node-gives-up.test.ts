import { afterEach, expect, test } from 'vitest';
import { Session } from '../../src/repl/session.ts';
import type { ProcessStatus } from '../../src/runtime/index.ts';
import { membersReply } from '../../src/transport/members.ts';
import { ClusterCommand } from '../support/cluster-command.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { dataFolder, type DataFolder } from '../support/data-folder.ts';
import { joiningUrl } from '../support/joining-url.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let first: ClusterNode | undefined;
let folder: DataFolder;
let second: ClusterCommand | undefined;

afterEach(async () => {
  second?.process.kill('SIGTERM');
  await second?.ended;
  await first?.dispose();
  await folder.remove();
});

/** `cluster start` of a node n2 that joins; the lease is long, so that nothing here can come from its end. */
async function start(nats: string): Promise<ClusterCommand> {
  folder = await dataFolder();
  const own = ['--data', folder.path, '--http-port', '0', '--threads', '1', '--node-lease-ms', '60000'];
  second = new ClusterCommand(['start', '--nats', nats, '--name', 'n2', ...own], {
    XDG_CONFIG_HOME: folder.path,
  });
  return second;
}

/** How n1 sees n2. */
async function seen(session: Session) {
  const { members } = membersReply.parse(await session.inspect('members', 'n1'));
  return members.find(({ name }) => name === 'n2');
}

/** Where the tasks of the photo topology are. */
async function taskNodes(client: ClusterClient): Promise<string[]> {
  const { topologies } = await client.ask('topologyList', {}, {});
  return topologies.flatMap(({ components }) =>
    components.flatMap(({ nodes }) => nodes.map(({ node }) => node)),
  );
}

/** Kills the HTTP server of n2 whenever it runs, until n1 knows why n2 left; n2 starts itself again soon. */
async function breakDown(session: Session): Promise<void> {
  await until(async () => {
    const list = (await session.inspect('list', 'n2').catch(() => [])) as readonly ProcessStatus[];
    const http = list.find(({ child }) => child === 'http');
    if (http !== undefined) await session.act('kill', 'n2', http.pid).catch(() => undefined);
    return (await seen(session))?.departure !== undefined;
  }, 60_000);
}

test('a node whose parts crash too often leaves and says why, others have its work at once, and it comes back', async () => {
  first = await startClusterNode({ nodeLeaseMs: 60_000 });
  const client = await first.connect();
  const session = new Session(client.connection);
  const command = await start(await joiningUrl({ url: first.node.url, dataFolder: first.data.path }));
  await until(async () => (await taskNodes(client)).includes('n2'), 60_000);
  const ids = Array.from({ length: 200 }, (_, index) => `photo ${String(index)}`);
  const sent = Promise.all(ids.map(async (id, index) => client.submit({ id, bytes: await numbered(index) })));
  await breakDown(session);
  expect((await seen(session))?.departure?.why).toMatch(
    /^The node cannot keep its parts running \(http: .*\); it restarts itself, its log says why\.$/,
  );
  await until(async () => !(await taskNodes(client)).includes('n2'));
  await sent;
  await until(async () => (await seen(session))?.state === 'alive', 60_000);
  expect(command.err).toContain('The node ended with code 75; starting it again.');
  expect((await seen(session))?.departure?.how).toBe('failed');
  await until(() => ids.every((id) => client.results.has(id)), 60_000);
  // One that n2 had tagged but not acknowledged is tagged again, and heard twice.
  const answers = (id: string) => new Set(client.results.get(id)!.map((result) => JSON.stringify(result)));
  expect(ids.filter((id) => answers(id).size !== 1)).toEqual([]);
  await until(async () => (await taskNodes(client)).includes('n2'), 60_000);
}, 240_000);
