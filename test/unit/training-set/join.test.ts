import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { featuresOf, readShards, withWorkplace } from '../../support/training-set.ts';

const lines = (...all: readonly string[]) => all.map((line) => `${line.replaceAll(' ', '\t')}\n`).join('');
const small = lines('cat 1 TRUE', 'cat 2 TRUE', 'cat 3 FALSE', 'dog 3 TRUE', 'dog 2 FALSE', 'dog 1 TRUE');
const three = ['1', '2', '3'];
const smallPhotos = { 1: { cat: 1, dog: 1 }, 2: { cat: 1, dog: -1 }, 3: { cat: -1, dog: 1 } };

describe('joinTrainingSet', () => {
  it('joins labels with photos, however the file is written', async () => {
    await withWorkplace(async (place) => {
      const contents = [
        small,
        small.replaceAll('\n', '\r\n'),
        `\ufeff${small}`,
        small.trimEnd(),
        gzipSync(small),
        small.replaceAll('\n', '\n\n'),
        small.replace('\n', '\r\n'),
      ];
      const sets = new Set<string>();
      for (const content of contents) {
        const joined = await place.join({ labels: [content], ids: three });
        expect(await place.photos(joined)).toEqual(smallPhotos);
        expect(joined.report.problems.input.count).toBe(0);
        expect(joined.set.classes).toEqual(['cat', 'dog']);
        sets.add(JSON.stringify(joined.set));
      }
      expect(sets.size).toBe(1);
      expect(await readdir(place.folder)).not.toContain("scratch's [folder] *");
    });
  });

  it('takes any name that is allowed as it is', async () => {
    await withWorkplace(async (place) => {
      const names = [
        `"quoted"`,
        `it's`,
        `\\N`,
        'NULL',
        '#1',
        '🐈',
        '$a',
        '0',
        '__proto__',
        ' ',
        'x'.repeat(256),
        'é,;|',
      ];
      const ids = [...names, 'one', 'two'];
      const labels = names.flatMap((name) => [
        `${name}\t${name}\tTRUE\n`,
        `${name}\tone\tTRUE\n`,
        `${name}\ttwo\tFALSE\n`,
      ]);
      const joined = await place.join({ labels: [labels.join('')], ids });
      expect(joined.report.problems.input.count).toBe(0);
      expect(joined.report.problems.labelsWithoutPhoto.count).toBe(0);
      const { learn, heldOut } = joined.set;
      const photos = new Map([...(await readShards(place.blobs, joined.set, [...learn, ...heldOut]))]);
      expect([...joined.set.classes].sort()).toEqual([...names].sort());
      for (const name of names) expect(Object.entries(photos.get(name) ?? {})).toEqual([[name, 1]]);
    });
  });

  it('goes on after lines that cannot be used, and says where they are', async () => {
    await withWorkplace(async (place) => {
      const bad = [
        'cat 1',
        'cat 1 TRUE more',
        'cat 1 true',
        'cat 1 ',
        ' 1 TRUE',
        'cat  TRUE',
        `${'x'.repeat(300)} 1 TRUE`,
        `cat ${'y'.repeat(300)} TRUE`,
        'cat\u0000 1 TRUE',
        'cat 1\u007f TRUE',
        'just-one-field',
        'cat 1 TRUE\t',
        `cat ${'z'.repeat(100_000)} TRUE`,
      ];
      const odd = Buffer.concat([Buffer.from(small + lines(...bad)), Buffer.from([0xff, 0x09, 0x31, 0x0a])]);
      const joined = await place.join({ labels: [odd, small], ids: three });
      expect(await place.photos(joined)).toEqual(smallPhotos);
      const { count, examples, byCode } = joined.report.problems.input;
      expect(count).toBe(bad.length + 1);
      expect(byCode).toEqual({ fields: 4, boolean: 2, class: 3, 'photo-id': 3, 'too-long': 1, encoding: 1 });
      expect(examples.map(({ line }) => line)).toEqual(Array.from(examples.keys(), (index) => index + 7));
      expect(examples.every(({ file }) => file.endsWith('*1'))).toBe(true);
      expect(joined.report.labels).toEqual({ given: 12, duplicates: 6, changed: 0 });
    });
  });

  it('uses what comes before the end of a file that is cut off', async () => {
    await withWorkplace(async (place) => {
      const packed = gzipSync(small);
      const rest = lines('cat 4 FALSE', 'dog 4 TRUE');
      const joined = await place.join({ labels: [packed.subarray(0, -4), rest], ids: [...three, '4'] });
      expect(joined.report.problems.input.byCode).toEqual({ cut: 1 });
      expect(Object.keys(await place.photos(joined))).toContain('4');
      const cut = place.join({ labels: [packed.subarray(0, -4)], ids: three, options: { strict: true } });
      await expect(cut).rejects.toMatchObject({ code: 'LABELS_REJECTED' });
    });
  });

  it('reports what does not match, and what contradicts itself', async () => {
    await withWorkplace(async (place) => {
      const more = lines('cat 9 TRUE', 'cat 1 TRUE', 'dog 1 FALSE', 'ant 1 TRUE', 'bee 1 TRUE', 'bee 2 TRUE');
      const joined = await place.join({
        labels: [small, more + lines('dog 4 TRUE')],
        ids: [...three, '4', '5'],
      });
      const { problems, labels, photos } = joined.report;
      expect(problems.labelsWithoutPhoto).toEqual({ count: 1, examples: [{ class: 'cat', photo: '9' }] });
      expect(problems.photosWithoutLabel).toEqual({ count: 1, examples: ['5'] });
      expect(problems.contradictoryLabels).toEqual({ count: 1, examples: [{ class: 'dog', photo: '1' }] });
      expect(problems.classesLeftOut).toEqual({
        count: 2,
        examples: [
          { class: 'ant', positives: 1, negatives: 0 },
          { class: 'bee', positives: 2, negatives: 0 },
        ],
      });
      expect(labels).toEqual({ given: 13, duplicates: 1, changed: 0 });
      expect(photos).toEqual({ stored: 5, learn: 3, heldOut: 1 });
      expect(await place.photos(joined)).toEqual({ ...smallPhotos, 1: { cat: 1 }, 4: { dog: 1 } });
      const strict = place.join({ labels: [small, more], ids: three, options: { strict: true } });
      await expect(strict).rejects.toMatchObject({ code: 'LABELS_REJECTED' });
    });
  });

  it('takes what is not said for negative where labels are complete', async () => {
    await withWorkplace(async (place) => {
      const folder = join(place.folder, 'photos');
      for (const name of ['cat/1', 'cat/2', 'dog/1', 'dog/2']) {
        await mkdir(join(folder, name, '..'), { recursive: true });
        await writeFile(join(folder, name), '');
      }
      const ids = ['cat/1', 'cat/2', 'dog/1', 'dog/2', 'x', 'y'];
      const joined = await place.join({ folders: [folder], labels: [lines('cat x TRUE')], ids });
      const expected = {
        'cat/1': { cat: 1, dog: -1 },
        'cat/2': { cat: 1, dog: -1 },
        'dog/1': { cat: -1, dog: 1 },
        'dog/2': { cat: -1, dog: 1 },
      };
      expect(await place.photos(joined)).toEqual({ ...expected, x: { cat: 1 } });
      const assumed = await place.join({
        folders: [folder],
        labels: [lines('cat x TRUE', 'dog y TRUE', 'dog y FALSE')],
        ids,
        options: { assumeNegative: true },
      });
      expect(await place.photos(assumed)).toEqual({ ...expected, x: { cat: 1, dog: -1 }, y: { cat: -1 } });
      expect(assumed.set.counts).toEqual({ positives: [2, 2], negatives: [3, 2] });
    });
  });

  it('ends with a sentence when nothing can be learned', async () => {
    await withWorkplace(async (place) => {
      for (const labels of [[], [''], [lines('cat 1 TRUE', 'cat 2 TRUE')], [lines('nonsense')]])
        await expect(place.join({ labels, ids: three })).rejects.toMatchObject({
          code: 'TRAINING_SET_EMPTY',
        });
      await expect(place.join({ labels: [small] })).rejects.toMatchObject({ code: 'TRAINING_SET_EMPTY' });
      const missing = place.join({ labelFiles: ['/nowhere/labels'], ids: three });
      await expect(missing).rejects.toMatchObject({ code: 'FILE_READ' });
      expect(await readdir(place.folder)).not.toContain("scratch's [folder] *");
    });
  });

  it('leaves out photos whose features are damaged', async () => {
    await withWorkplace(async (place) => {
      const features = featuresOf([...three, '4'], 4, ['4']);
      const joined = await place.join({ labels: [small + lines('cat 4 TRUE')], features });
      expect(joined.report.problems.photosDamaged).toEqual({ count: 1, examples: ['4'] });
      expect(await place.photos(joined)).toEqual(smallPhotos);
    });
  });

  it('is cancelled by its signal', async () => {
    await withWorkplace(async (place) => {
      const controller = new AbortController();
      const joining = place.join({
        labels: [small],
        ids: three,
        signal: controller.signal,
        onProgress: () => {
          controller.abort();
        },
      });
      await expect(joining).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await readdir(place.folder)).not.toContain("scratch's [folder] *");
    });
  });

  it('joins many classes with a few labels each', async () => {
    await withWorkplace(async (place) => {
      const ids = Array.from({ length: 2_000 }, (_, index) => `photo ${String(index)}`);
      const content = Array.from({ length: 30_000 }, (_, index) => {
        const photo = ids[(index * 7 + Math.floor(index / 10_000)) % ids.length]!;
        const name = `class ${String(index % 10_000)}`;
        return `${name}\t${photo}\t${index < 20_000 ? 'TRUE' : 'FALSE'}\n`;
      });
      const joined = await place.join({ labels: [content.join('')], ids, options: { shardRows: 500 } });
      expect(joined.set.classes.length).toBe(10_000);
      const { counts, heldOutCounts } = joined.set;
      expect(counts.positives.every((count, at) => count + heldOutCounts.positives[at]! === 2)).toBe(true);
      expect(counts.positives.every((count) => count > 0)).toBe(true);
      expect(counts.negatives.every((count) => count > 0)).toBe(true);
    });
  });
});
