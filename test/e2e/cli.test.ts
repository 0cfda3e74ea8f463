import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ClusterCommand } from '../support/cluster-command.ts';
import { dataFolder, type DataFolder } from '../support/data-folder.ts';
import { temporaryFolder } from '../support/model.ts';
import { freePort } from '../support/nats.ts';
import { root } from '../support/setup-script.ts';
import { until } from '../support/until.ts';

const upLine = z.object({ node: z.literal('n1'), nats: z.string(), http: z.string(), pid: z.number() });

/** `cluster start` on a data folder, with one worker thread. */
async function startCommand(data: DataFolder, ...more: string[]): Promise<ClusterCommand> {
  const port = more.includes('--port') ? [] : ['--port', String(await freePort())];
  const quiet = ['--threads', '1', '--log-level', 'error', '--disk-reserve-bytes', '0', '--http-port', '0'];
  return new ClusterCommand(
    ['start', '--json', '--data', data.path, ...quiet, ...port, ...more],
    environment(data),
  );
}

/** Nothing of this user's own is read or written. */
function environment({ path }: DataFolder): Record<string, string> {
  return { XDG_CONFIG_HOME: join(path, 'config'), XDG_STATE_HOME: join(path, 'state') };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the commands of a client', () => {
  let data: DataFolder;
  let node: ClusterCommand;
  let url: string;
  let photos: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    [data, photos] = await Promise.all([dataFolder(), temporaryFolder()]);
    await copyFile(join(root, '.cache/photos/cat.png'), join(photos.path, 'cat.png'));
    await writeFile(join(photos.path, 'letter.jpg'), 'Dear photo service, …');
    node = await startCommand(data);
    url = upLine.parse(await node.value(0)).nats;
  });

  afterAll(async () => {
    node.process.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    await Promise.all([data.remove(), photos.remove()]);
  });

  /** Runs a command to its end. */
  async function cluster(...args: string[]) {
    const command = new ClusterCommand(args, { ...environment(data), CLUSTER_NATS_URL: url });
    const code = await command.ended;
    return { code, out: command.out, err: command.err, values: () => command.values };
  }

  const photo = () => join(photos.path, 'cat.png');

  it('submits, waits, and finds the photo again by its tags', async () => {
    const whose = ['--id', 'a b/*.>😀', '--owner', 'Zoë "Z"'];
    const submit = await cluster('submit', photo(), ...whose, '--wait', '--top', '5', '--json');
    expect(submit.code, submit.err).toBe(0);
    const result = z
      .object({ tags: z.array(z.object({ tag: z.string(), score: z.number() })).length(5) })
      .parse(submit.values()[0]);
    expect(submit.values()[0]).toMatchObject({ id: 'a b/*.>😀', file: photo() });
    const scores = result.tags.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const search = await cluster('search', `"${result.tags[0]?.tag ?? ''}"`, '--json');
    expect(search.values()[0]).toMatchObject({ photos: [{ id: 'a b/*.>😀', owner: 'Zoë "Z"' }] });
    const tag = result.tags[0]?.tag ?? '';
    const more = ['nowhere', 'OR', `"${tag}"`, 'owner:"Zoë \\"Z\\""', 'date>=2020-01-01', '--facets', '3'];
    const wider = await cluster('search', ...more, '--json');
    expect(wider.values()[0], wider.err).toMatchObject({
      photos: [{ id: 'a b/*.>😀' }],
      total: { photos: 1, more: false },
    });
    const completed = await cluster('tags', tag.slice(0, 3).toUpperCase(), '--json');
    expect(completed.values()[0]).toMatchObject({
      tags: expect.arrayContaining([{ tag, photos: 1 }]) as unknown,
    });
    const forget = await cluster('forget', 'a b/*.>😀', '--json');
    expect(forget.values()[0]).toMatchObject({ stored: 1 });
  });

  it('answers a double as well', async () => {
    const once = await cluster('submit', photo(), '--wait', '--json');
    const twice = await cluster('submit', photo(), '--wait', '--json');
    expect(twice.values()).toEqual(once.values());
    expect(JSON.parse(twice.err)).toMatchObject({ summary: { duplicates: 1, tagged: 1 } });
  });

  it('lists, shows, retries and removes a dead letter', async () => {
    const submit = await cluster('submit', photos.path, '--wait');
    expect(submit.code).toBe(1);
    expect(submit.out).toMatch(/letter\.jpg {2}failed: The bytes are not a photo/);
    const list = await cluster('dead', 'list', '--json');
    const page = z.object({ letters: z.array(z.object({ sequence: z.number() })).length(1) });
    const number = String(page.parse(list.values()[0]).letters[0]?.sequence);
    const copy = join(photos.path, 'copy');
    const show = await cluster('dead', 'show', number, '--out', copy);
    expect(show.out).toContain('PHOTO_FORMAT');
    expect(await readFile(copy, 'utf8')).toBe('Dear photo service, …');
    const again = await cluster('dead', 'show', number, '--out', copy);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('it is there already')]);
    expect((await cluster('dead', 'retry', '--all', '--json')).values()).toEqual([{ retried: 1 }]);
    await until(async () => page.safeParse((await cluster('dead', 'list', '--json')).values()[0]).success);
    expect((await cluster('dead', 'show', number)).code).toBe(1);
    expect((await cluster('dead', 'remove', '--all')).out).toBe('Removed: 1.\n');
    expect((await cluster('dead', 'list')).out).toBe('There are no dead letters.\n');
  });

  it('shows status, nodes and actors', async () => {
    const [status, nodes, tree, state, missing] = await Promise.all([
      cluster('status', '--json'),
      cluster('nodes'),
      cluster('repl', '-e', 'tree n1', '-e', 'list'),
      cluster('repl', '-e', 'state photos', '--json'),
      cluster('repl', '-e', 'tree n2'),
    ]);
    expect(status.values()[0]).toMatchObject({ node: 'n1', queue: { photos: 0 } });
    expect(nodes.out).toMatch(/^NODE .*\nn1 +alive +leader, tag store .*\nn1\n {2}version /);
    expect(tree.out).toMatch(/^root .*\n├─ /);
    expect(state.values()).toEqual([expect.any(Object)]);
    expect([missing.code, missing.err]).toEqual([1, 'There is no node n2.\n']);
  });

  it('carries out what is piped into the REPL, to the end', async () => {
    const repl = new ClusterCommand(['repl'], { ...environment(data), CLUSTER_NATS_URL: url });
    repl.process.stdin?.end('status\nfly\nkill autotag-0\nexit\nstatus\n');
    expect(await repl.ended).toBe(1);
    expect(repl.err).toBe('There is no command fly; help lists them.\n');
    expect(repl.out).toMatch(/^version [\s\S]*\nKilled autotag-0\.\n$/);
  });

  it('tags a photo from the REPL, and finds it', async () => {
    const tag = await cluster('repl', '-e', `tag ${photo()}`);
    expect([tag.code, tag.out]).toEqual([0, expect.stringMatching(/^cat\.png {2}\S+/)]);
    const [result] = (await cluster('repl', '-e', `tag ${photo()}`, '--json')).values();
    const { tags } = z.object({ tags: z.array(z.object({ tag: z.string() })) }).parse(result);
    const search = await cluster('repl', '-e', `search "${tags[0]?.tag ?? ''}"`);
    expect(search.out).toContain('cat.png');
    const missing = await cluster('repl', '-e', 'tag nowhere.jpg');
    expect([missing.code, missing.err]).toEqual([1, expect.stringMatching(/^nowhere\.jpg cannot be read: /)]);
  });

  it('says what it may not do without the password', async () => {
    const command = new ClusterCommand(['dead', 'list', '--json'], {
      XDG_CONFIG_HOME: photos.path,
      CLUSTER_NATS_URL: url,
    });
    expect(await command.ended).toBe(1);
    expect(JSON.parse(command.err)).toMatchObject({ error: { code: 'NATS_DENIED' } });
  });

  it('leaves quietly when nobody reads any more', async () => {
    const command = new ClusterCommand(['repl'], { ...environment(data), CLUSTER_NATS_URL: url });
    command.process.stdin?.on('error', () => undefined);
    command.process.stdin?.write('help\n');
    await until(() => command.out !== '');
    command.process.stdout?.destroy();
    command.process.stdin?.write('list\n'.repeat(100));
    expect(await command.ended).toBe(0);
    expect(command.err).toBe('');
  });

  it('refuses a second node on the same data, and one on the same port', async () => {
    const other = await dataFolder();
    const port = new URL(url).port;
    const [sameData, samePort] = await Promise.all([startCommand(data), startCommand(other, '--port', port)]);
    expect([await sameData.ended, await samePort.ended]).toEqual([1, 1]);
    expect(JSON.parse(sameData.err)).toMatchObject({ error: { code: 'DATA_LOCKED' } });
    // Among what the node has logged, which is another process's.
    const lines = samePort.err
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const error: unknown = expect.objectContaining({ code: 'PORT_IN_USE' });
    expect(lines).toContainEqual(expect.objectContaining({ error }));
    await other.remove();
  });
});

describe('the heart of a node', () => {
  let data: DataFolder;
  let start: ClusterCommand | undefined;

  afterEach(async () => {
    start?.process.kill('SIGKILL');
    await start?.ended;
    await data.remove();
  });

  it('starts a killed node again, on the same port, and dies with it at its own end', async () => {
    data = await dataFolder();
    start = await startCommand(data);
    const first = upLine.parse(await start.value(0));
    process.kill(first.pid, 'SIGKILL');
    const second = upLine.parse(await start.value(1));
    expect(second.pid).not.toBe(first.pid);
    expect(second.nats).toBe(first.nats);
    start.process.kill('SIGKILL');
    await until(() => !isAlive(second.pid));
  });

  it('passes Ctrl-C on, and ends with the node', async () => {
    data = await dataFolder();
    start = await startCommand(data);
    const { pid } = upLine.parse(await start.value(0));
    start.process.kill('SIGINT');
    expect(await start.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  it('ends at once at the second signal', async () => {
    data = await dataFolder();
    start = await startCommand(data);
    const { pid } = upLine.parse(await start.value(0));
    // A node that cannot drain.
    process.kill(pid, 'SIGSTOP');
    start.process.kill('SIGINT');
    await until(() => {
      start?.process.kill('SIGINT');
      return start?.process.exitCode !== null;
    });
    expect(await start.ended).toBe(130);
    await until(() => !isAlive(pid));
  });
});
