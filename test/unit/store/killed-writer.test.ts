import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { builtEntry } from '../../../src/base/built-entry.ts';
import { EmbeddedTagStore } from '../../../src/store/embedded-tag-store.ts';
import { parseSearchQuery } from '../../../src/store/search-query.ts';
import { generationOf, sharedIds } from '../../support/killed-writer-batches.ts';

const child = fileURLToPath(builtEntry('../../support/killed-writer-entry', import.meta.url));

/** Lets a process write until `killAfterMs` after its first answer, and kills it; the last answered generation. */
async function writeAndKill(file: string, first: number, killAfterMs: number): Promise<number> {
  const writer = spawn(process.execPath, [child, file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let answered = first - 1;
  for await (const line of createInterface({ input: writer.stdout })) {
    if (answered < first) setTimeout(() => writer.kill('SIGKILL'), killAfterMs);
    answered = Number(line);
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
  return answered;
}

describe('a process that is killed while it writes', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'autotag-killed-'));
  const file = path.join(folder, 'tags.db');
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('loses nothing that was answered and leaves no half batch', async () => {
    let first = 1;
    for (let round = 0; round < 4; round += 1) {
      const killAfterMs = Math.random() * 200;
      const answered = await writeAndKill(file, first, killAfterMs);
      const about = `killed ${String(killAfterMs)} ms after answer ${String(first)}, last answer ${String(answered)}`;
      expect(answered, about).toBeGreaterThanOrEqual(first);

      const store = await EmbeddedTagStore.open({ file });
      const find = async (query: string) =>
        (await store.search(parseSearchQuery(query), { limit: 1000 })).hits
          .map(({ photoId }) => photoId)
          .toSorted();
      const shared = await Promise.all(sharedIds.map((id) => store.get(id)));
      const last = shared[0]!.submission.sequence;
      // The batch under way may have been committed; one after it was never sent.
      expect([answered, answered + 1], about).toContain(last);
      for (let generation = first; generation <= last + 1; generation += 1) {
        for (const expected of generationOf(generation)) {
          const isShared = sharedIds.includes(expected.photoId);
          const wanted = generation === last || (generation < last && !isShared) ? expected : undefined;
          if (wanted !== undefined || !isShared)
            expect(await store.get(expected.photoId), about).toEqual(wanted);
        }
        const own = generationOf(generation)
          .map(({ photoId }) => photoId)
          .filter((id) => id.startsWith('own'));
        expect(await find(`"own ${String(generation)}"`), about).toEqual(
          generation <= last ? own.toSorted() : [],
        );
        expect(await find(`"shared ${String(generation)}"`), about).toEqual(
          generation === last ? sharedIds : [],
        );
      }
      // Rows, indexes and counts agree.
      const photos = last * 8 + sharedIds.length;
      expect(await store.stats(), about).toMatchObject({ photos, postings: photos * 2, tags: last + 3 });
      await store.close();
      first = last + 1;
    }
  }, 180_000);
});
