import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { builtEntry } from '../../src/base/built-entry.ts';
import { BlobStore } from '../../src/model/blob-store.ts';
import type { JobPool, JobPoolOptions } from '../../src/pool/job-pool.ts';
import type { TaskProgress } from '../../src/train/task.ts';
import { oddJobPool, oddTask } from '../support/odd-jobs.ts';
import { until } from '../support/until.ts';

let folder: string;
const pools: JobPool[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-jobs-'));
});

afterEach(async () => {
  for (const pool of pools.splice(0)) pool.stop();
  await rm(folder, { recursive: true, maxRetries: 5 });
});

const newPool = async (options: Partial<JobPoolOptions> = {}) => {
  const pool = await oddJobPool(folder, options);
  pools.push(pool);
  return pool;
};

const threadOf = async (pool: JobPool) =>
  ((await pool.run(oddTask('look'))).value as { threadId: number }).threadId;

describe('a task', () => {
  test('reads its inputs and stores its outputs', async () => {
    const pool = await newPool();
    const blobs = new BlobStore(join(folder, 'blobs'));
    const input = await blobs.put([Buffer.from('some content ')]);
    const { outputs, value } = await pool.run(oddTask('blob', 'k', { bytes: 4 }, [input]));
    expect(value).toBe(1);
    expect((await blobs.read(outputs[0]!.id)).toString()).toBe('some content k k ');
  });

  test('uses another blob store if it is told to', async () => {
    const pool = await newPool();
    const blobs = join(folder, 'elsewhere');
    const { outputs } = await pool.run(oddTask('blob', 'k', { bytes: 4 }), { blobs });
    expect(await new BlobStore(blobs).has(outputs[0]!.id)).toBe(true);
  });

  test('finds a scratch folder of its own, which is gone after it', async () => {
    const pool = await newPool();
    await mkdir(join(folder, 'scratch'), { recursive: true });
    await writeFile(join(folder, 'scratch/left'), 'by a process that was killed');
    const { value } = await pool.run(oddTask('look'));
    expect(value).toMatchObject({ files: 0 });
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });

  test('tells how far it is', async () => {
    const pool = await newPool();
    const seen: TaskProgress[] = [];
    const done = join(folder, 'go on');
    const run = pool.run(oddTask('wait', 'w', { until: done }), { onProgress: (now) => seen.push(now) });
    await until(() => seen.length >= 2);
    await writeFile(done, '');
    await run;
    expect(seen.every(({ total }) => total === 1_000)).toBe(true);
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
  });

  test.runIf(process.platform === 'linux')(
    'goes after uploads: its thread has a lower priority',
    async () => {
      const pool = await newPool();
      const own = getPriority();
      const { value } = await pool.run(oddTask('look'));
      expect(value).toMatchObject({ priority: Math.max(own, constants.priority.PRIORITY_BELOW_NORMAL) });
      expect(getPriority()).toBe(own);
    },
  );

  test('that nobody knows is refused', async () => {
    const pool = await newPool();
    for (const kind of ['unheard of', 'constructor'])
      await expect(pool.run(oddTask(kind))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('a thread', () => {
  test('stays warm for the next task, and is ended when there is none for a while', async () => {
    const pool = await newPool({ idleMs: 2_000 });
    const first = await threadOf(pool);
    expect(await threadOf(pool)).toBe(first);
    await until(() => pool.describe()[0] === 'resting');
    expect(await threadOf(pool)).not.toBe(first);
  });

  test('goes on after a fault of its task, not after a failure that nobody foresaw', async () => {
    const pool = await newPool();
    const first = await threadOf(pool);
    await expect(pool.run(oddTask('fail'))).rejects.toMatchObject({
      code: 'FILE_READ',
      details: { file: 'a.txt' },
    });
    expect(await threadOf(pool)).toBe(first);
    await expect(pool.run(oddTask('bug'))).rejects.toMatchObject({
      code: 'INTERNAL',
      details: { reason: 'not a function' },
    });
    expect(await threadOf(pool)).not.toBe(first);
  });

  test.each(['exit', 'fill'])(
    'that ends by %s costs its task, and the next one gets another',
    async (kind) => {
      const pool = await newPool();
      const lost = pool.run(oddTask(kind));
      const next = pool.run(oddTask('look'));
      await expect(lost).rejects.toMatchObject({ code: 'TASK_LOST', details: { task: kind } });
      await expect(next).resolves.toMatchObject({ value: { files: 0 } });
      expect(await readdir(join(folder, 'scratch'))).toEqual([]);
    },
  );

  test('whose task stands still is ended', async () => {
    const pool = await newPool({ silenceMs: 500 });
    await expect(pool.run(oddTask('spin'))).rejects.toMatchObject({ code: 'TASK_SILENT' });
    await expect(pool.run(oddTask('look'))).resolves.toBeDefined();
  });

  test('that does not start says why', async () => {
    const pool = await newPool({ entry: builtEntry('../support/broken-thread-entry', import.meta.url) });
    await expect(pool.run(oddTask('look'))).rejects.toMatchObject({ code: 'WORKER_START' });
  });
});

describe('a cancel', () => {
  const begun = async (kind: string, options: Partial<JobPoolOptions> = {}) => {
    const pool = await newPool(options);
    const log = join(folder, 'log');
    const cancel = new AbortController();
    const parameters = { log, until: join(folder, 'never') };
    const run = pool.run(oddTask(kind, kind, parameters), { signal: cancel.signal });
    run.catch(() => undefined);
    await until(async () => (await readFile(log, 'utf8').catch(() => '')) !== '');
    return { pool, run, cancel };
  };

  test.each(['wait', 'compute'])('is heard by a task that does %s, and its thread goes on', async (kind) => {
    const { pool, run, cancel } = await begun(kind);
    cancel.abort();
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(pool.describe()).toEqual(['warm']);
  });

  test('ends the thread of a task that does not heed it', async () => {
    const { pool, run, cancel } = await begun('spin', { graceMs: 100 });
    cancel.abort();
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(pool.run(oddTask('look'))).resolves.toBeDefined();
  });

  test('takes a task that waits out of the line', async () => {
    const { pool, cancel } = await begun('wait');
    const second = new AbortController();
    const waiting = pool.run(oddTask('look'), { signal: second.signal });
    const after = pool.run(oddTask('look'));
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    cancel.abort();
    await expect(after).resolves.toBeDefined();
    await expect(pool.run(oddTask('look'), { signal: second.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});

describe('a pool', () => {
  test('carries out as many tasks as it has threads, in the order in which they came', async () => {
    const pool = await newPool({ threads: 2 });
    expect(pool.parallelism).toBe(2);
    const log = join(folder, 'log');
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const gates = keys.map((key) => join(folder, `go-${key}`));
    const runs = keys.map((key, place) => pool.run(oddTask('wait', key, { log, until: gates[place]! })));
    const begun = async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    for (const [place, gate] of gates.entries()) {
      const expected = keys.slice(0, Math.min(place + 2, keys.length));
      await until(async () => (await begun()).length === expected.length);
      expect((await begun()).sort()).toEqual(expected);
      await writeFile(gate, '');
      await runs[place];
    }
  });

  test('that stops gives up what it has', async () => {
    const pool = await newPool();
    const log = join(folder, 'log');
    const running = pool.run(oddTask('spin', 'spin', { log }));
    const waiting = pool.run(oddTask('look'));
    running.catch(() => undefined);
    waiting.catch(() => undefined);
    await until(async () => (await readFile(log, 'utf8').catch(() => '')) !== '');
    pool.stop();
    await expect(running).rejects.toMatchObject({ code: 'TASK_LOST' });
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(pool.run(oddTask('look'))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
