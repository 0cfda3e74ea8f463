import { appendFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInput, type InputPlace, type PhotoSource } from '../../../src/model/tagging/photo-input.ts';
import { type IdMark, SeenIds } from '../../../src/model/tagging/seen-ids.ts';
import type { InputProblem } from '../../../src/model/training-set/input-problem.ts';
import { withFolder } from '../../support/training-set.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** What is read from a place on; a problem stands before the photo that follows it. */
async function read(sources: readonly PhotoSource[], from: InputPlace = { source: 0 }, known: IdMark[] = []) {
  const noted = [...known];
  const seen = new SeenIds(1, (mark) => noted.push(mark));
  for (const mark of known) seen.add(mark);
  const items: string[] = [];
  /** Behind each photo: the place, what was known then, and what had come. */
  const stops: { place: InputPlace; known: IdMark[]; items: number; share: number }[] = [];
  const reading = {
    maxPhotoBytes: 100,
    seen,
    onProblem: ({ code, line }: InputProblem) => items.push(`! ${code} ${String(line ?? '')}`.trim()),
    isStored: () => false,
  };
  for await (const { id, bytes, next, share } of readInput(sources, reading, from)) {
    items.push(`${id}=${Buffer.from(bytes).toString()}`);
    stops.push({ place: next, known: [...noted], items: items.length, share });
  }
  return { items, stops };
}

/** Whoever goes on from behind any photo finds what is left. */
async function expectStops(sources: readonly PhotoSource[]) {
  const { items, stops } = await read(sources);
  for (const stop of stops)
    expect((await read(sources, stop.place, stop.known)).items).toEqual(items.slice(stop.items));
  const shares = stops.map(({ share }) => share);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
  return items;
}

const pixels = (file: string, content: Buffer): PhotoSource => ({
  kind: 'pixels',
  file,
  bytes: content.length,
});

describe('photos of a run', () => {
  it('are read on from behind any photo, whatever ends the lines and whether they are packed', async () => {
    const line = fc.constantFrom(
      `a\t${base64('A')}`,
      `b\t${base64('B')}`,
      '',
      'no tab',
      `c\t${base64('C')}`,
      'd\t!',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.boolean(),
        async (lines, end, isPacked, endsWithLine) => {
          await withFolder(async (folder) => {
            const text = Buffer.from(lines.join(end) + (endsWithLine ? end : ''));
            const content = isPacked ? gzipSync(text) : text;
            const file = join(folder, 'pixels');
            await writeFile(file, content);
            await expectStops([pixels(file, content), pixels(file, content)]);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of folders come by their paths, of lists by what stands there, each id once', async () => {
    await withFolder(async (folder) => {
      await mkdir(join(folder, 'x', 'deep'), { recursive: true });
      await mkdir(join(folder, 'y'));
      for (const name of ['b.jpg', 'a.jpg', 'x/2', 'x/deep/1', 'y/3', '.hidden'])
        await writeFile(join(folder, name), name);
      const list = join(folder, '.list');
      await writeFile(list, 'y/3\nb.jpg\nmissing\n');
      const sources: PhotoSource[] = [
        { kind: 'folder', folder },
        { kind: 'list', file: list, bytes: 18 },
      ];
      expect(await expectStops(sources)).toEqual([
        'a.jpg=a.jpg',
        'b.jpg=b.jpg',
        'x/2=x/2',
        'x/deep/1=x/deep/1',
        'y/3=y/3',
        '! duplicate',
        '! duplicate',
        '! unreadable',
      ]);
    });
  });

  it('of a file that has grown or was cut meanwhile are read as far as it was whole, and it is said', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'pixels');
      const content = Buffer.from(`a\t${base64('A')}\nb\t${base64('B')}\n`);
      await writeFile(file, content);
      await appendFile(file, `c\t${base64('C')}\n`);
      expect((await read([pixels(file, content)])).items).toEqual(['a=A', 'b=B', '! cut 3']);
      await truncate(file, content.length - 2);
      expect((await read([pixels(file, content)])).items).toEqual(['a=A', '! cut 2']);
    });
  });
});
