import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtEntry } from '../../src/base/built-entry.ts';
import { boltName } from '../../src/cluster/bolt/bolt-message.ts';
import type { BoltPlace } from '../../src/cluster/bolt/bolt-process.ts';
import { boltTask } from '../../src/cluster/bolt/bolt-task.ts';
import { tryBolt } from '../../src/cluster/bolt/bolt-trial.ts';
import { endLeftBolts } from '../../src/cluster/bolt/left-bolts.ts';
import { actor, ActorSystem, rootName, startChild, terminateChild } from '../../src/runtime/index.ts';
import { BoltFolder, isRunning, tuple } from '../support/bolts.ts';
import { until } from '../support/until.ts';

const name = boltName('photos', 'odd', 0);

let folder: BoltFolder;
let system: ActorSystem;
beforeEach(async () => {
  folder = await BoltFolder.make();
  system = new ActorSystem(folder.surroundings);
  await system.start({ intensity: { maxRestarts: 100, windowMs: 1_000 }, children: [] });
});
afterEach(async () => {
  await system.stop(10_000);
  await folder.remove();
});

async function start(place: Promise<BoltPlace>): Promise<void> {
  const started = await startChild(system.ref(rootName), {
    id: 'bolt',
    start: actor(boltTask, await place, { name }),
    backoff: { initialMs: 100, maxMs: 10_000 },
  });
  if (!started.ok) throw started.fault;
}

/** What inspection shows of the task. */
function shown(): { pid: number; state: string; tuple: { id: string } | null; done: number; failed: number } {
  return system.inspector.state(name.name) as unknown as ReturnType<typeof shown>;
}

const process = (id: string) => system.ref(name).call({ type: 'process', tuple: { ...tuple, id } });

describe('the task of a bolt', () => {
  it('hands its process a tuple at a time, and shows which', async () => {
    await start(
      folder.host(`import { existsSync } from 'node:fs';
        let running = 0;
        export default { process: async ({ tuple }) => {
          running += 1;
          while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 5));
          return { attributes: { running: running--, id: tuple.id } };
        } };`),
    );
    const answers = ['a', 'b', 'c'].map(process);
    await until(() => shown().state === 'busy');
    expect(shown().tuple).toMatchObject({ id: 'a' });
    await folder.write('go', '');
    expect(await Promise.all(answers)).toEqual(
      ['a', 'b', 'c'].map((id) => ({ attributes: { running: 1, id } })),
    );
    expect(shown()).toMatchObject({ state: 'idle', tuple: null, done: 3, failed: 0 });
  });

  it('ends with its process, and is started again with another; whoever waits may try elsewhere', async () => {
    await start(
      folder.host(
        `export default { process: ({ tuple }) => { if (tuple.id === 'poison') process.exit(7); } };`,
      ),
    );
    const { pid } = shown();
    const answers = await Promise.allSettled(['good', 'poison', 'waiting'].map(process));
    expect(answers).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'BOLT_DIED' } },
      { status: 'rejected', reason: { code: 'ACTOR_DOWN' } },
    ]);
    await until(() =>
      process('good').then(
        () => true,
        () => false,
      ),
    );
    expect(shown().pid).not.toBe(pid);
    expect(isRunning(pid)).toBe(false);
  });

  it('is started again when its process ends by itself', async () => {
    await start(folder.host(`export default { process: () => ({}) };`));
    const { pid } = shown();
    globalThis.process.kill(pid, 'SIGKILL');
    await until(() =>
      process('good').then(
        () => shown().pid !== pid,
        () => false,
      ),
    );
  });

  it('charges no tuple that comes after its process has ended by itself', async () => {
    // Whoever holds its output keeps the node from hearing of the end at once.
    await start(
      folder.raw(`
        spawn('sleep', ['2'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
        await begin();
        await next();
        say({ done: { n: 1, output: {} } });
        process.exit(0);
      `),
    );
    await process('first');
    await until(() => shown().state === 'ended');
    await expect(process('second')).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
  });

  it('takes its process along when it is ended or killed', async () => {
    await start(folder.host(`export default { process: () => { while (true); } };`));
    const before = shown().pid;
    void process('a').catch(() => undefined);
    await until(() => shown().state === 'busy');
    system.exit(system.ref(name), 'kill');
    await until(() => !isRunning(before));
    await until(() =>
      system.inspector.list().some((one) => one.name === name.name && one.phase === 'running'),
    );
    const { pid } = shown();
    await terminateChild(system.ref(rootName), 'bolt');
    expect(isRunning(pid)).toBe(false);
  });

  it('does not start when its process does not', async () => {
    await expect(start(folder.host(`throw new Error('no such luck');`))).rejects.toMatchObject({
      message: expect.stringContaining('no such luck') as string,
    });
  });
});

describe('a trial', () => {
  const photo = new Uint8Array(1_000);

  it('gives what a bolt adds to a photo, and leaves no process', async () => {
    const place = await folder.host(
      `export default { process: ({ photo }) => ({ attributes: { pid: process.pid, bytes: photo.length } }) };`,
      { reads: 'photo' },
    );
    const { attributes } = await tryBolt({ ...place, ...folder.surroundings, photo });
    expect(attributes).toMatchObject({ bytes: 1_000 });
    expect(isRunning(Number(attributes?.['pid']))).toBe(false);
  });

  it.each([
    ['does not start', `throw new Error('x');`, {}, 'BOLT_START'],
    ['fails', `export default { process: () => { throw new Error('x'); } };`, {}, 'BOLT_FAILED'],
    ['is slow', `export default { process: () => { while (true); } };`, { deadlineMs: 100 }, 'BOLT_DEADLINE'],
    ['takes much', `export default { process: () => {} };`, { memoryBytes: 16 * 2 ** 20 }, 'BOLT_MEMORY'],
  ])('refuses a bolt that %s', async (_what, source, program, code) => {
    const place = await folder.host(source, program);
    await expect(tryBolt({ ...place, ...folder.surroundings, photo })).rejects.toMatchObject({ code });
  });
});

describe.runIf(globalThis.process.platform === 'linux')('after the node was killed', () => {
  /** The process id of a bolt whose node has just been killed while it had a tuple. */
  async function orphan(place: BoltPlace): Promise<number> {
    const node = fork(builtEntry('../support/bolt-node-entry', import.meta.url), [JSON.stringify(place)]);
    const [pid] = (await once(node, 'message')) as [number];
    node.kill('SIGKILL');
    await once(node, 'exit');
    return pid;
  }

  it('a bolt ends by itself, as its input has ended', async () => {
    const pid = await orphan(
      await folder.host(`export default { process: () => new Promise(() => setInterval(() => 0, 1e6)) };`),
    );
    await until(() => !isRunning(pid));
  });

  it('one that loops is ended by the next node, and nothing else is', async () => {
    const pid = await orphan(await folder.host(`export default { process: () => { while (true); } };`));
    const other = await BoltFolder.make();
    expect(await endLeftBolts(other.root)).toEqual([]);
    expect(await endLeftBolts(folder.path)).toEqual([]);
    expect(isRunning(pid)).toBe(true);
    expect(await endLeftBolts(folder.root)).toContain(pid);
    await until(() => !isRunning(pid));
    await other.remove();
  });
});
