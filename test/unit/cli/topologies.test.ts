import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { AuditLog } from '../../../src/cluster/audit-log.ts';
import { shuffle, topology } from '../../../src/cluster/topology/builder.ts';
import { topologyService } from '../../../src/cluster/topology/topology-service.ts';
import { Bundles } from '../../../src/transport/bundles.ts';
import { Connection } from '../../../src/transport/connection.ts';
import { TopologyRecords } from '../../../src/transport/topology-records.ts';
import { CapturedCli } from '../../support/captured-cli.ts';
import { temporaryFolder } from '../../support/model.ts';
import { startNats, type TestNats } from '../../support/nats.ts';
import { StubMembers } from '../../support/topology-cluster.ts';
import { until } from '../../support/until.ts';

const photos = topology('photos')
  .spout('photos')
  .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
  .build();

describe('topologies on the command line', () => {
  let nats: TestNats;
  let connection: Connection;
  let records: TopologyRecords;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeEach(async () => {
    nats = await startNats();
    connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
    records = await TopologyRecords.open(connection);
    const members = new StubMembers();
    members.set(['n1', 'n2'].map((name) => ({ name, threads: 2, holdsStore: true, takes: 'all' })));
    folder = await temporaryFolder();
    const audit = new AuditLog({ folder: folder.path, node: 'n1', clock: systemClock, log: silentLog });
    const endpoints = topologyService({
      ...{ records, members, builtins: [photos], log: silentLog },
      bundles: await Bundles.open(connection),
      tryPrograms: () => Promise.resolve(),
    });
    await Promise.all(endpoints.map((serveIt) => serveIt(connection, silentLog, audit).ready));
  });

  afterEach(async () => {
    await connection.close();
    await nats.stop();
    await folder.remove();
  });

  /** Runs a command to its end. */
  async function cluster(...args: string[]) {
    const cli = new CapturedCli();
    const code = await cli.run(...args, '--nats', nats.url);
    return { code, out: cli.out, err: cli.err, value: () => cli.values[0] };
  }

  /** Tasks as if a leader had placed them and nodes had told of them. */
  async function placed(): Promise<void> {
    const { id, version } = await records.deploy(photos);
    const tasks = [
      { component: 'photos', index: 0, node: 'n1' },
      { component: 'autotag', index: 0, node: 'n1' },
      { component: 'autotag', index: 1, node: 'n2' },
      { component: 'autotag', index: 2, node: 'n2' },
      { component: 'autotag', index: 3, node: null },
    ];
    await records.assign({ topology: 'photos', id, version, term: 1, tasks });
    const since = Date.now();
    const fault = { code: 'WORKER_START', message: 'A worker thread did not start (no kernel\u001b[2J).' };
    const report = (node: string, state: 'running' | 'failed') => ({
      node,
      topologies: [
        {
          name: 'photos',
          id,
          version,
          tasks: tasks
            .filter((task) => task.node === node)
            .map(({ component, index }) => {
              const kind = component === 'photos' ? ('spout' as const) : ('bolt' as const);
              const crashed = component === 'autotag' && { restarts: 3, fault };
              return { component, kind, index, state, since, ...crashed };
            }),
        },
      ],
    });
    // A node that is gone has said that it has tasks.
    for (const one of [
      report('n1', 'running'),
      report('n2', 'failed'),
      { ...report('n1', 'running'), node: 'n9' },
    ])
      await records.report(one);
  }

  it('shows them in Storm’s columns, with their components, where those are, and what does not run, or did not', async () => {
    expect(await cluster('list')).toMatchObject({
      code: 0,
      out: 'There are no topologies; `cluster deploy --builtin photos` tags photos.\n',
    });
    await placed();
    await records.rebalance('photos', { nodes: 5 });
    const { code, out } = await cluster('list');
    expect(code).toBe(0);
    const failure = 'A worker thread did not start (no kernel\\u001b[2J).';
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^TOPOLOGY {2}STATUS {2}VERSION {2}BUNDLE {2}TASKS +NODES +UPTIME$/),
      expect.stringMatching(/^photos {4}active +2 {2}– +5 {2}2 of at most 5 +\d+ s$/),
      '',
      expect.stringMatching(/^TOPOLOGY {2}COMPONENT +TASKS {2}RUNNING {2}WHERE$/),
      expect.stringMatching(/^photos +photos \(spout\) +1 +1 {2}n1 ×1$/),
      expect.stringMatching(/^photos +autotag \(bolt\) +4 +1 {2}n1 ×1, n2 ×2, nowhere ×1$/),
      '',
      `photos autotag 1 does not run on n2: ${failure}`,
      `photos autotag 2 does not run on n2: ${failure}`,
      `photos autotag 0 was started again on n1, 3 times, the last time as: ${failure}`,
      '',
    ]);
    expect((await cluster('list', '--json')).value()).toMatchObject({
      topologies: [
        {
          name: 'photos',
          status: 'active',
          tasks: { wanted: 5, placed: 4, running: 2 },
          nodes: 2,
          maxNodes: 5,
          components: [
            { name: 'photos' },
            { name: 'autotag', failed: [{ node: 'n2', index: 1 }, { index: 2 }] },
          ],
        },
      ],
    });
  });

  it('activates, deactivates, rebalances, kills and deploys', async () => {
    await records.deploy(photos);
    expect((await cluster('deactivate', 'photos')).out).toBe(
      'The topology photos is inactive: its spouts take nothing new, what they have is finished (version 2).\n',
    );
    expect((await cluster('activate', 'photos', '--json')).value()).toEqual({
      ...{ name: 'photos', status: 'active', version: 3 },
    });
    const rebalance = await cluster('rebalance', 'photos', '-n', '3', '-e', 'autotag=8', '-e', 'photos=2');
    expect(rebalance.out).toBe('The topology photos is active (version 4).\n');
    expect(await records.get('photos')).toMatchObject({ nodes: 3, parallelism: { autotag: 8, photos: 2 } });
    expect((await cluster('rebalance', 'photos', '-n', '2')).code).toBe(0);
    expect(await records.get('photos')).toMatchObject({ nodes: 2, parallelism: { autotag: 8, photos: 2 } });
    expect((await cluster('kill', 'photos', '-w', '7')).out).toBe(
      'The topology photos takes nothing new; it ends when what it has is finished, after 7 s at most. ' +
        'It stays gone until `cluster deploy --builtin photos`, also when nodes start again.\n',
    );
    const killing = await records.get('photos');
    expect(killing).toMatchObject({ state: 'killing', killAfterMs: 7_000 });
    await records.end(killing!, 1);
    expect((await cluster('deploy', '--builtin', 'photos')).out).toBe(
      'The topology photos is active (version 8).\n  + photos\n  + autotag\n',
    );
    expect((await cluster('deploy', '--builtin', 'photos')).out).toBe(
      'The topology photos is active (version 8).\nNothing is otherwise than before.\n',
    );
  });

  it('says that a deploy was overtaken while its caller waited', async () => {
    const deploying = cluster('deploy', '--builtin', 'photos', '--wait', '30');
    await until(async () => (await records.get('photos')) !== undefined);
    await records.deactivate('photos');
    const { code, err } = await deploying;
    expect(code).toBe(1);
    expect(err).toContain('photos was made version 1, and has been changed again or killed before it ran');
  });

  it.each<[number, string, string[]]>([
    [1, 'There is no topology foto.', ['kill', 'foto']],
    [1, 'There is no topology foto.', ['activate', 'foto']],
    [1, 'There is no built-in topology foto.', ['deploy', '--builtin', 'foto']],
    [1, 'There is no topology foto.', ['rollback', 'foto']],
    [1, 'photos has been deployed once, so nothing was before.', ['rollback', 'photos']],
    [1, 'photos has no component tag; it has photos, autotag.', ['rebalance', 'photos', '-e', 'tag=2']],
    [1, 'name: has to be a lower-case letter and up to 31', ['deactivate', 'photos.*']],
    [2, 'Give a whole number from 1; see --help.', ['rebalance', 'photos', '-n', '0']],
    [2, 'Say what to change: -n NODES, or -e COMPONENT=N.', ['rebalance', 'photos']],
    [
      2,
      'Give a component and a whole number from 1, such as autotag=8; see',
      ['rebalance', 'photos', '-e', 'a=0'],
    ],
    [2, 'Give a component and a whole number', ['rebalance', 'photos', '-e', '__proto__=1']],
    [2, 'Give a whole number from 0 to 86400; see --help.', ['kill', 'photos', '-w', 'soon']],
    [
      1,
      'The topology photos does not run as version 1 says: not every node knows of it yet. What ran before goes on',
      ['deploy', '--builtin', 'photos', '--wait', '1'],
    ],
    [2, 'Give either a FILE or --builtin NAME.', ['deploy']],
    [2, 'Give either a FILE or --builtin NAME.', ['deploy', 'a.ts', '--builtin', 'photos']],
    [2, '--dry-run needs a FILE.', ['deploy', '--builtin', 'photos', '--dry-run']],
    [1, 'The file README.md cannot be deployed: its name does not end in', ['deploy', 'README.md']],
    [1, 'nowhere.ts cannot be read: ENOENT', ['deploy', 'nowhere.ts']],
    [2, "Missing required argument 'name'", ['kill']],
  ])('ends with %i and one sentence: %s', async (code, sentence, args) => {
    const deployed = await records.deploy(photos);
    const answer = await cluster(...args);
    expect(answer.err).toContain(sentence);
    expect(answer.err).toMatch(/^[^\n]+\.\n$/);
    expect([answer.code, answer.out]).toEqual([code, '']);
    expect(await records.get('photos')).toEqual(deployed);
  });
});
