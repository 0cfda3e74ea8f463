import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskBudget, diskSpace } from '../../../src/transport/server/disk-budget.ts';
import { DiskGuard } from '../../../src/transport/server/disk-guard.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-disk-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('the budget leaves the reserve, counts what the store has, and is never unlimited', async () => {
  const { free, total } = await diskSpace(folder);
  const half = await diskBudget(folder, free / 2, 0);
  expect(half.photos + half.deadLetters + half.blobs).toBeLessThan(free / 2);
  expect(half.maxFileStore).toBe(total);
  await writeFile(join(folder, 'stored'), new Uint8Array(10_000_000));
  const none = await diskBudget(folder, total * 2, 0);
  expect(none).toMatchObject({ photos: 1, deadLetters: 1, blobs: 1 });
  expect((await diskBudget(folder, 0, 5_000)).photos).toBe(5_000);
});

test('the guard shuts the queue below the reserve, tells once, and opens it when there is room', async () => {
  const { total } = await diskSpace(folder);
  const limits: number[] = [];
  const changes: boolean[] = [];
  const guardWith = (reserveBytes: number) =>
    new DiskGuard({
      folder,
      reserveBytes,
      queueBytes: 77,
      limit: (bytes) => {
        limits.push(bytes);
        return Promise.resolve();
      },
      onChange: (low) => changes.push(low),
      onTrouble: (reason) => {
        throw new Error(reason);
      },
      everyMs: 3_600_000,
    });
  const full = guardWith(total * 2);
  await full.look();
  await full.look();
  expect([limits, changes, full.low]).toEqual([[0], [true], true]);
  full.stop();
  const roomy = guardWith(0);
  await roomy.look();
  expect([limits.length, roomy.low]).toEqual([1, false]);
  roomy.stop();
});
