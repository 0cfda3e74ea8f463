import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TaskProgress } from '../../src/train/task.ts';
import { clientOf } from '../../src/transport/client.ts';
import { oddTask } from '../support/odd-jobs.ts';
import { TaskCluster } from '../support/task-cluster.ts';
import { until } from '../support/until.ts';

let cluster: TaskCluster;

beforeEach(async () => {
  cluster = await TaskCluster.start();
});

afterEach(async () => {
  await cluster.dispose();
});

const underWay = (count: number) => until(async () => (await cluster.begun()).length === count);

describe('a task', () => {
  test('is done by another node, to which its blobs travel, and from which they come back', async () => {
    const n2 = await cluster.node('n2');
    const run = await cluster.run();
    const tasks = await cluster.tasks(run);
    expect(tasks.parallelism).toBe(1);
    const input = await cluster.blobs.put([Buffer.alloc(1_500_000, 'abc')]);
    const { outputs, value } = await tasks.run(oddTask('blob', 'k/0', { bytes: 4 }, [input]));
    expect(value).toBe(1);
    const output = await cluster.blobs.read(outputs[0]!.id);
    expect(output.subarray(1_500_000).toString()).toBe('k/0 ');
    const manager = await clientOf(cluster.link.connection).jetstreamManager();
    await tasks.end();
    const left = ['OBJ_autotag-blobs', 'AUTOTAG_TASKS', 'KV_autotag-tasks'].map(
      async (stream) => (await manager.streams.info(stream)).state.messages,
    );
    expect(await Promise.all(left)).toEqual([0, 0, 0]);
    const guests = join(n2.data.path, 'guest-blobs');
    expect(await readdir(join(guests, run))).toHaveLength(2);
  });

  test('is not done again when its result is recorded, also not by a coordinator that starts again', async () => {
    await cluster.node('n2');
    const run = await cluster.run();
    const parameters = { log: cluster.log, bytes: 9 };
    const before = await cluster.tasks(run);
    const first = await before.run(oddTask('blob', 'a', parameters));
    const gate = cluster.gate('gate');
    const lost = before.run(oddTask('wait', 'b', { log: cluster.log, until: gate.file }));
    lost.catch(() => undefined);
    await underWay(2);
    before.close();
    const after = await cluster.tasks(run);
    expect(await after.run(oddTask('blob', 'a', parameters))).toEqual(first);
    const second = after.run(oddTask('wait', 'b', { log: cluster.log, until: gate.file }));
    await gate.open();
    await second;
    expect(await cluster.begun()).toEqual(['a', 'b']);
  });

  test('whose outputs are gone gives them again: from the node that made them, or by another attempt', async () => {
    const n2 = await cluster.node('n2');
    const run = await cluster.run();
    const task = oddTask('blob', 'a', { log: cluster.log, bytes: 9 });
    const { outputs } = await (await cluster.tasks(run)).run(task);
    const { id } = outputs[0]!;
    await cluster.blobs.remove(id);
    await (await cluster.tasks(run)).run(task);
    expect(await cluster.blobs.has(id)).toBe(true);
    expect(await cluster.begun()).toEqual(['a']);
    await cluster.blobs.remove(id);
    await n2.node.stop();
    await cluster.node('n3');
    await (await cluster.tasks(run)).run(task);
    expect(await cluster.blobs.has(id)).toBe(true);
    expect(await cluster.begun()).toEqual(['a', 'a']);
  });

  test('tells how far it is', async () => {
    await cluster.node('n2');
    const seen: TaskProgress[] = [];
    const gate = cluster.gate('gate');
    const run = (await cluster.tasks(await cluster.run())).run(oddTask('wait', 'w', { until: gate.file }), {
      onProgress: (progress) => seen.push(progress),
    });
    await until(() => seen.some(({ done, total }) => done > 0 && total === 1_000));
    await gate.open();
    await run;
  });

  test('that is local is done here, and its result recorded', async () => {
    const run = await cluster.run();
    const task = oddTask('blob', 'join', { log: cluster.log, bytes: 5 });
    const { outputs } = await (await cluster.tasks(run)).runLocal(task);
    expect(await cluster.blobs.has(outputs[0]!.id)).toBe(true);
    expect(await (await cluster.tasks(run)).runLocal(task)).toEqual({ outputs, value: 0 });
    expect(await cluster.begun()).toEqual(['join']);
  });
});

describe('a task that fails', () => {
  test('for good says why at once; another time it may have crashed its thread five times', async () => {
    await cluster.node('n2');
    const tasks = await cluster.tasks(await cluster.run());
    await expect(tasks.run(oddTask('fail', 'f', { log: cluster.log }))).rejects.toMatchObject({
      code: 'FILE_READ',
      details: { file: 'a.txt' },
    });
    expect(await cluster.begun()).toEqual(['f']);
    await expect(tasks.run(oddTask('exit', 'x', { log: cluster.log }))).rejects.toMatchObject({
      code: 'TASK_EXHAUSTED',
      details: { task: 'x', attempts: 5, cause: 'TASK_LOST' },
      message: expect.stringContaining('exit code 3') as string,
    });
    expect(await cluster.begun()).toEqual(['f', 'x', 'x', 'x', 'x', 'x']);
  });

  test('since the node has another version of what it needs is not charged, however often that is', async () => {
    await cluster.node('n2');
    const run = await cluster.run();
    const gate = cluster.gate('upgraded');
    const done = (await cluster.tasks(run)).run(
      oddTask('elsewhere', 'e', { log: cluster.log, until: gate.file }),
    );
    await underWay(6);
    await gate.open();
    await done;
    expect((await cluster.link.taskRecords.get(run, 'e'))?.value).toMatchObject({
      state: 'done',
      attempts: 1,
    });
  });

  test('is tried again when its run is begun again', async () => {
    await cluster.node('n2');
    const run = await cluster.run();
    const failing = oddTask('fail', 'f', { log: cluster.log });
    for (const times of [1, 2]) {
      await expect((await cluster.tasks(run)).run(failing)).rejects.toMatchObject({ code: 'FILE_READ' });
      expect(await cluster.begun()).toHaveLength(times);
    }
  });

  test('for lack of an input is tried again, then has failed', async () => {
    await cluster.node('n2');
    const tasks = await cluster.tasks(await cluster.run());
    const missing = { id: 'e'.repeat(64), bytes: 3 };
    await expect(tasks.run(oddTask('blob', 'b', {}, [missing]))).rejects.toMatchObject({
      code: 'TASK_EXHAUSTED',
      message: expect.stringContaining(missing.id) as string,
    });
  });
});

describe('a node that goes', () => {
  const task = (gate: string) => oddTask('wait', 'w', { log: cluster.log, until: gate });

  test('by kill -9 in the middle of a task leaves it to another', async () => {
    const n2 = await cluster.nodeProcess('n2');
    const run = await cluster.run();
    const gate = cluster.gate('gate');
    const done = (await cluster.tasks(run)).run(task(gate.file));
    await underWay(1);
    await n2.kill();
    await gate.open();
    await cluster.node('n3');
    await done;
    const record = await cluster.link.taskRecords.get(run, 'w');
    expect(record?.value).toMatchObject({ state: 'done', node: 'n3', attempts: 2 });
  });

  test('in good order hands its task back, which is no attempt', async () => {
    const n2 = await cluster.node('n2');
    const run = await cluster.run();
    const gate = cluster.gate('gate');
    const done = (await cluster.tasks(run)).run(task(gate.file));
    await underWay(1);
    await n2.node.stop();
    await gate.open();
    await cluster.node('n3');
    await done;
    const record = await cluster.link.taskRecords.get(run, 'w');
    expect(record?.value).toMatchObject({ state: 'done', node: 'n3', attempts: 1 });
  });
});

describe('a cancel', () => {
  /** A task that a node has begun, and never ends. */
  const hanging = async () => {
    await cluster.node('n2');
    const tasks = await cluster.tasks(await cluster.run());
    const cancel = new AbortController();
    const parameters = { log: cluster.log, until: cluster.gate('never').file };
    const done = tasks.run(oddTask('wait', 'w', parameters), { signal: cancel.signal });
    done.catch(() => undefined);
    await underWay(1);
    return { tasks, cancel, done };
  };

  test('of a task ends it on the node that has it, which takes the next one', async () => {
    const { tasks, cancel, done } = await hanging();
    cancel.abort();
    await expect(done).rejects.toMatchObject({ code: 'CANCELLED' });
    await tasks.run(oddTask('look'));
  });

  test('of a task is heard by a node that says how far it is at the same moment', async () => {
    const { tasks, cancel, done } = await hanging();
    const { taskRecords } = cluster.link;
    const get = taskRecords.get.bind(taskRecords);
    vi.spyOn(taskRecords, 'get').mockImplementationOnce(async (run, key) => {
      const found = await get(run, key);
      await until(async () => (await get(run, key))?.revision !== found?.revision);
      return found;
    });
    cancel.abort();
    await expect(done).rejects.toMatchObject({ code: 'CANCELLED' });
    await tasks.run(oddTask('look'));
  });

  test('of a run ends what is in work and takes away what waits', async () => {
    const n2 = await cluster.node('n2');
    const run = await cluster.run();
    const tasks = await cluster.tasks(run);
    const parameters = { log: cluster.log, until: cluster.gate('never').file };
    const input = await cluster.blobs.put([Buffer.from('x')]);
    for (const key of ['a', 'b', 'c'])
      void tasks.run(oddTask('wait', key, parameters, [input])).catch(() => undefined);
    await underWay(1);
    await cluster.link.runs.end(run, { state: 'cancelled' });
    await tasks.end();
    const next = await cluster.tasks(await cluster.run());
    await next.run(oddTask('look'));
    expect(await cluster.begun()).toHaveLength(1);
    expect((await cluster.link.tasks.status()).messages).toBe(0);
    // What it kept of the run goes when it looks next; a restart looks at once.
    await n2.node.stop();
    await n2.restart();
    await until(async () => (await readdir(join(n2.data.path, 'guest-blobs'))).length === 0);
  });
});

test('a restart of the nats-server in the middle of a task costs no attempt', async () => {
  await cluster.node('n2');
  const run = await cluster.run();
  const gate = cluster.gate('gate');
  const done = (await cluster.tasks(run)).run(oddTask('wait', 'w', { log: cluster.log, until: gate.file }));
  await underWay(1);
  await cluster.killNatsServer();
  await gate.open();
  await done;
  expect(await cluster.begun()).toEqual(['w']);
});
