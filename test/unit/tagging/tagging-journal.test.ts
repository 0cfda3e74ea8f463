import { appendFile, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFailures } from '../../../src/model/tagging/failures.ts';
import {
  failuresFile,
  readCheckpoint,
  readPhotos,
  removeJournal,
  TaggingJournal,
} from '../../../src/model/tagging/tagging-journal.ts';
import { withFolder } from '../../support/training-set.ts';

const step = (number: number) => ({
  lines: Buffer.from(`p${String(number)}\t{}\n`),
  failures: [{ id: `f${String(number)}`, code: 'PHOTO_DAMAGED', message: 'The photo is damaged.' }],
  ledger: [
    { hash: number + 0.5, check: 2 ** 31 - 1, isDone: true },
    { hash: number, check: number, isDone: false },
  ],
  next: { source: 0, offset: number, line: number },
  share: number / 10,
  read: number,
  photos: { tagged: number, failed: number, passedOver: 0 },
  problems: {},
});

async function begun(folder: string) {
  const plan = { sources: [], model: 'm', seed: 1, parallelism: 1, partial: join(folder, 'out.partial') };
  return await TaggingJournal.begin(join(folder, 'run'), plan);
}

test('what comes after the last checkpoint is cut off by whoever goes on, and written once', async () => {
  await withFolder(async (folder) => {
    const run = join(folder, 'run');
    const journal = await TaggingJournal.open(run, await begun(folder));
    await journal.commit(step(1));
    await journal.close();
    await appendFile(join(folder, 'out.partial'), 'p2\t{"ha');
    await appendFile(failuresFile(run), '{"id"');
    const last = (await readCheckpoint(run))!;
    const again = await TaggingJournal.open(run, last);
    await again.commit(step(2));
    await again.close();
    expect(await readFile(join(folder, 'out.partial'), 'utf8')).toBe('p1\t{}\np2\t{}\n');
    expect((await readFailures(failuresFile(run), 0)).failures.map(({ id }) => id)).toEqual(['f1', 'f2']);
    const ledger = [];
    for await (const photo of readPhotos(run, (await readCheckpoint(run))!)) ledger.push(photo);
    expect(ledger).toEqual([...step(1).ledger, ...step(2).ledger]);
    expect(await readCheckpoint(run)).toMatchObject({
      next: { offset: 2 },
      share: 0.2,
      photos: { tagged: 2 },
    });
    await removeJournal(run);
    expect(await readdir(folder)).toEqual([]);
  });
});

test('results that are gone are said to be', async () => {
  await withFolder(async (folder) => {
    const run = join(folder, 'run');
    const journal = await TaggingJournal.open(run, await begun(folder));
    await journal.commit(step(1));
    await journal.close();
    await truncate(join(folder, 'out.partial'), 2);
    await expect(TaggingJournal.open(run, (await readCheckpoint(run))!)).rejects.toMatchObject({
      code: 'FILE_READ',
      message: expect.stringContaining('begin another run') as string,
    });
  });
});

test('failures come page by page, however many there are', async () => {
  await withFolder(async (folder) => {
    const run = join(folder, 'run');
    const journal = await TaggingJournal.open(run, await begun(folder));
    const failures = Array.from({ length: 5_000 }, (_, number) => ({
      file: 'photos.tsv',
      line: number + 1,
      code: 'base64',
      message: `Line ${String(number + 1)} has pixels that are not base64.`,
    }));
    await journal.commit({ ...step(1), failures });
    await journal.close();
    const found = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const page: Awaited<ReturnType<typeof readFailures>> = await readFailures(failuresFile(run), after);
      found.push(...page.failures);
      after = page.next;
    }
    expect(found).toEqual(failures);
    expect(await readFailures(join(folder, 'nowhere'), 0)).toEqual({ failures: [] });
  });
});
