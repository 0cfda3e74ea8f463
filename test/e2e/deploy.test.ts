import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/package-root.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { until } from '../support/until.ts';
import { Workload } from '../support/workload.ts';

let cluster: ClusterNode;
let client: ClusterClient;
let folder: string;

beforeAll(async () => {
  cluster = await startClusterNode();
  client = await cluster.connect();
}, 60_000);

afterAll(async () => {
  await cluster.dispose();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-deploy-'));
  return () => rm(folder, { recursive: true });
});

/** Runs a command to its end. */
async function run(...args: string[]) {
  const cli = new CapturedCli();
  const code = await cli.run(...args, '--nats', cluster.node.url, '--data', cluster.data.path);
  return {
    code,
    out: cli.out,
    err: cli.err,
    value: () => cli.values[0] as Record<string, unknown>,
  };
}

/** Writes a topology with a bolt, whose `process` has this body; `before` is what its module does first. */
async function topologyWith(body: string, limits = '{}', before = ''): Promise<string> {
  await writeFile(
    join(folder, 'mood-bolt.ts'),
    `import { bolt } from 'autotag/bolt';\n${before}\nexport default bolt({ process: ({ tuple }) => { ${body} } });\n`,
  );
  const file = join(folder, 'topology.ts');
  await writeFile(
    file,
    `import { program, shuffle, topology } from 'autotag/topology';
     export default topology('photos')
       .spout('photos', { parallelism: 'nodes' })
       .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
       .bolt('mood', { parallelism: 2, grouping: shuffle('autotag'), program: program('mood-bolt.ts', ${limits}) })
       .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('mood') })
       .build();`,
  );
  return file;
}

async function list() {
  const { topologies } = await client.ask('topologyList', {}, {});
  return topologies.find(({ name }) => name === 'photos')!;
}

/** Processes that have not been replaced since. */
async function pidsOf(...kinds: string[]): Promise<string[]> {
  const processes = await client.processes();
  return processes.filter(({ kind }) => kinds.includes(kind)).map(({ pid }) => pid);
}

const good = (mood: string) => `return { attributes: { mood: '${mood}', letters: tuple.id.length } };`;

describe('a deploy of a file', () => {
  test('upgrades what runs under load, loses nothing, and is taken back', async () => {
    const untouched = await pidsOf('photo-spout', 'tagger', 'writer');
    const workload = new Workload(client, { photos: 60, rate: 20, pictures: 8 });
    const load = workload.run();
    const file = await topologyWith(good('calm'));
    const first = await run('deploy', file, '--wait');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(
      /^The topology photos is active \(version 2\)\.\n {2}\+ mood\n {2}~ dbwriter\nEvery node runs it\.\n$/,
    );
    await topologyWith(good('wild'));
    const second = await run('deploy', file, '--wait', '--json');
    expect(second.value()).toMatchObject({
      version: 3,
      changes: { added: [], removed: [], changed: ['mood'] },
    });
    expect((await run('deploy', file)).out).toContain('Nothing is otherwise than before.');
    expect(await list()).toMatchObject({ version: 3, settled: true, canRollBack: true });
    const back = await run('rollback', 'photos', '--wait');
    expect(back.out).toContain('(version 4).\n  ~ mood\nEvery node runs it.');
    await load;
    expect(workload.unconfirmed.size).toBe(0);
    await until(() => client.results.size === 60, 60_000);
    expect((await client.status()).deadLetters).toBe(0);
    expect(await pidsOf('photo-spout', 'tagger', 'writer')).toEqual(untouched);
    const listed = await run('list');
    expect(listed.out).toMatch(/\nphotos +mood \(bolt\) +2 +2 {2}n1 ×2\n/);
  }, 120_000);

  test('with --dry-run prints what would be sent, the same wherever the files are', async () => {
    const before = await list();
    const shown = await run('deploy', await topologyWith(good('calm')), '--dry-run', '--json');
    const other = await mkdtemp(join(tmpdir(), 'autotag-deploy-elsewhere-'));
    for (const name of await readdir(folder))
      await writeFile(join(other, name), await readFile(join(folder, name)));
    const again = await run('deploy', join(other, 'topology.ts'), '--dry-run', '--json');
    await rm(other, { recursive: true });
    expect(again.out).toBe(shown.out);
    expect(shown.value()).toMatchObject({ files: [{ path: 'mood.mjs', executable: false }] });
    expect(await list()).toMatchObject({ version: before.version });
  });

  test.each([
    ['exif', { camera: 'Autotag One' }],
    ['python', { format: 'jpeg', width: 90, height: 60, shape: 'landscape' }],
  ])('takes the example %s, and what it adds comes with the tags', async (example, attributes) => {
    const file = join(packageRoot, 'examples', example, 'topology.ts');
    expect(await run('deploy', file, '--wait')).toMatchObject({ code: 0, err: '' });
    const photo = join(folder, 'photo.jpg');
    const image = sharp({ create: { width: 90, height: 60, channels: 3, background: '#286' } });
    await writeFile(
      photo,
      await image
        .withExif({ IFD0: { Model: 'Autotag One' } })
        .jpeg()
        .toBuffer(),
    );
    const submitted = await run('submit', photo, '--id', example, '--wait', '--json');
    expect(submitted.value()).toMatchObject({ id: example, attributes });
    expect((await client.photo(example)).result).toMatchObject({ attributes });
  });

  test('of one flipped byte, on the disk of a node, is not started again, but fetched anew', async () => {
    expect(await run('deploy', await topologyWith(good('calm')), '--wait')).toMatchObject({ code: 0 });
    const { bundle = '' } = await list();
    const file = join(cluster.data.path, 'bundles', bundle, 'files', 'mood.mjs');
    const whole = await readFile(file);
    const damaged = Uint8Array.from(whole);
    damaged[100] = (damaged[100] ?? 0) ^ 1;
    await writeFile(file, damaged);
    const restarts = async () =>
      (await client.processes()).find(({ name }) => name === 'bolt/photos/mood/0')?.restarts ?? 0;
    const before = await restarts();
    await client.control('kill', 'bolt/photos/mood/0');
    await until(async () => (await restarts()) > before);
    expect(await readFile(file)).toEqual(whole);
    await until(async () => (await list()).settled);
  }, 60_000);

  test('of one flipped byte, as it is sent, is refused', async () => {
    const before = await list();
    const { readTopologyFile } = await import('../../src/cli/topology-file.ts');
    const { bundleTopology } = await import('../../src/cli/topology-bundle.ts');
    const { spec, bundle } = await bundleTopology(await readTopologyFile(await topologyWith(good('calm'))));
    const archive = Uint8Array.from(bundle!.archive);
    archive[100] = (archive[100] ?? 0) ^ 1;
    await expect(client.ask('topologyDeploy', {}, { spec, archive })).rejects.toMatchObject({
      code: 'BUNDLE_DAMAGED',
    });
    expect(await list()).toMatchObject({ version: before.version });
  });

  test.each<[string, () => Promise<string>, string]>([
    ['throws on load', () => topologyWith(good('x'), '{}', "throw new Error('no luck');"), 'no luck'],
    ['throws on a photo', () => topologyWith("throw new Error('no luck');"), 'no luck'],
    ['loops for ever', () => topologyWith('for (;;);', '{ deadlineMs: 500 }'), 'within 500 ms'],
    [
      'leaks',
      () =>
        topologyWith(
          'const all: Uint8Array[] = []; for (;;) all.push(new Uint8Array(2 ** 22).fill(1));',
          '{ memoryBytes: 100 * 2 ** 20, deadlineMs: 20_000 }',
        ),
      'mood',
    ],
    [
      'floods',
      () => topologyWith("for (;;) process.stdout.write('x'.repeat(2 ** 21));", '{ deadlineMs: 20_000 }'),
      'mood',
    ],
    ['does not compile', () => topologyWith('return {{;'), 'mood-bolt.ts cannot be deployed: Expected'],
    [
      'imports what is not there',
      () => topologyWith("return import('./nowhere.ts') as never;"),
      'nowhere.ts',
    ],
  ])(
    'of a bolt that %s is one sentence, and nothing has changed',
    async (_, make, sentence) => {
      const before = await list();
      const { code, out, err } = await run('deploy', await make());
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain(sentence);
      expect(err).toMatch(/^[^\n]+\.\n$/);
      expect(await list()).toMatchObject({ version: before.version, settled: true });
    },
    60_000,
  );

  test.each([
    ['an unknown spout', ".spout('birds')", 'no node has its spout birds', 'birds'],
    [
      'an unknown bolt',
      ".spout('photos', { parallelism: 'nodes' }).bolt('mood', { grouping: shuffle('photos') })",
      'its bolt autotag is missing',
      'photos',
    ],
    [
      'a cycle',
      ".spout('photos').bolt('a', { grouping: shuffle('b' as never) }).bolt('b', { grouping: shuffle('a') })",
      'its bolts feed each other in a circle',
      'photos',
    ],
  ])('with %s is one sentence, and nothing has changed', async (_, rest, sentence, name) => {
    const before = await list();
    const file = join(folder, 'topology.mts');
    await writeFile(
      file,
      `import { shuffle, topology } from 'autotag/topology';\nexport default topology('${name}')${rest}.build();`,
    );
    const { code, err } = await run('deploy', file);
    expect([code, err]).toEqual([1, expect.stringContaining(sentence)]);
    expect(err).toMatch(/^[^\n]+\.\n$/);
    expect(await list()).toMatchObject({ version: before.version });
  });

  test('by whoever is no operator is refused', async () => {
    const before = await list();
    const submitter = await ClusterClient.open(
      { url: cluster.node.url, dataFolder: cluster.data.path },
      'submitter',
    );
    for (const act of [
      submitter.ask('topologyDeploy', {}, { builtin: 'photos' }),
      submitter.ask('topologyRollback', {}, { name: 'photos' }),
    ])
      await expect(act).rejects.toMatchObject({ code: 'NATS_DENIED' });
    await submitter.close();
    expect(await list()).toMatchObject({ version: before.version });
  });
});
