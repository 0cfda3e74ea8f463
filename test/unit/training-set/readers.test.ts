import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { InputProblem } from '../../../src/model/training-set/input-problem.ts';
import { readLines } from '../../../src/model/training-set/line-reader.ts';
import { listPhotoFolders, readPhotoFolders } from '../../../src/model/training-set/photo-folders.ts';
import { type PhotoReading, readPixelData } from '../../../src/model/training-set/pixel-data.ts';
import { withFolder } from '../../support/training-set.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function linesOf(file: string, maxBytes = 1_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of readLines(file, maxBytes))
    for (const { number, bytes, problem } of batch)
      lines.push(`${String(number)} ${bytes?.toString() ?? `! ${problem?.code ?? ''}`}`);
  return lines;
}

async function pixelsOf(content: string | Buffer, reading: Partial<PhotoReading> = {}) {
  return await withFolder(async (folder) => {
    const file = join(folder, 'pixels');
    await writeFile(file, content);
    const photos: string[] = [];
    const problems: string[] = [];
    const onProblem = ({ line, code }: InputProblem) => problems.push(`${String(line)} ${code}`);
    for await (const { id, bytes } of readPixelData(file, { maxPhotoBytes: 100, onProblem, ...reading }))
      photos.push(`${id}=${Buffer.from(bytes).toString()}`);
    return { photos, problems };
  });
}

describe('readLines', () => {
  it('takes LF, CRLF and CR, a byte order mark and a missing end', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'lines');
      const expected = async (content: string | Buffer, lines: string[]) => {
        await writeFile(file, content);
        expect(await linesOf(file)).toEqual(lines);
      };
      await expected('', []);
      await expected('\ufeff', []);
      await expected('\ufeffa\nb', ['1 a', '2 b']);
      await expected('a\r\n\r\nb\rc\n\nd\n', ['1 a', '3 b', '4 c', '6 d']);
      await expected(gzipSync('a\nb\n'), ['1 a', '2 b']);
      await expected(Buffer.concat([gzipSync('a\n'), gzipSync('b\n')]), ['1 a', '2 b']);
      await expected(`a\n${'x'.repeat(500_000)}\r\nb`, ['1 a', '2 ! too-long', '3 b']);
    });
  });

  it('splits lines that lie across pieces of the file', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'lines');
      const lines = Array.from(
        { length: 5_000 },
        (_, index) => 'x'.repeat((index * 7) % 300) + String(index),
      );
      const numbered = lines.map((line, index) => `${String(index + 1)} ${line}`);
      for (const end of ['\n', '\r\n', '\r']) {
        await writeFile(file, lines.join(end));
        expect(await linesOf(file)).toEqual(numbered);
      }
      await writeFile(file, gzipSync(lines.join('\r\n')));
      expect(await linesOf(file)).toEqual(numbered);
    });
  });

  it('says at which line a compressed file is cut off or damaged, and gives the lines before', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'lines.gz');
      let seed = 1;
      const random = () => (seed = (seed * 48271) % 2147483647);
      const packed = gzipSync(Array.from({ length: 50_000 }, () => `${String(random())}\n`).join(''));
      await writeFile(file, packed);
      const whole = await linesOf(file);
      const half = Math.floor(packed.length / 2);
      await truncate(file, half);
      const cut = await linesOf(file);
      expect(cut.length).toBeGreaterThan(20_000);
      expect(cut.slice(0, -1)).toEqual(whole.slice(0, cut.length - 1));
      expect(cut.at(-1)).toBe(`${String(cut.length)} ! cut`);
      packed.fill(0xff, half, half + 100);
      await writeFile(file, packed);
      expect((await linesOf(file)).at(-1)).toMatch(/! cut$/);
    });
  });

  it('refuses a file that is not there', async () => {
    await expect(linesOf('/nowhere/lines')).rejects.toMatchObject({ code: 'FILE_READ' });
  });
});

describe('readPixelData', () => {
  it('goes on after lines that cannot be used, and says which', async () => {
    const { photos, problems } = await pixelsOf(
      [
        `a\t${base64('one')}`,
        'no tab',
        `b\t${base64('two')}\tx`,
        `\t${base64('no id')}`,
        `c\u0007\t${base64('bell')}`,
        'd\tnot base64!',
        'e\t',
        'f\tAAAAA',
        `g\t${'A'.repeat(10_000)}`,
        `h "' ü\t${base64('last')}`,
      ].join('\n'),
    );
    expect(photos).toEqual(['a=one', `h "' ü=last`]);
    expect(problems).toEqual([
      '2 fields',
      '3 fields',
      '4 photo-id',
      '5 photo-id',
      '6 base64',
      '7 base64',
      '8 base64',
      '9 too-long',
    ]);
  });

  it('refuses ids that are not UTF-8', async () => {
    const line = Buffer.concat([Buffer.from([0xff]), Buffer.from(`\t${base64('one')}\n`)]);
    expect(await pixelsOf(line)).toEqual({ photos: [], problems: ['1 encoding'] });
  });

  it('takes a photo once, and reports another of its id', async () => {
    const { photos, problems } = await pixelsOf(
      `a\t${base64('one')}\na\t${base64('one')}\na\t${base64('two')}\n`,
    );
    expect(photos).toEqual(['a=one']);
    expect(problems).toEqual(['3 duplicate']);
  });

  it('takes base64 without its padding', async () => {
    expect((await pixelsOf(`a\t${base64('four').replaceAll('=', '')}`)).photos).toEqual(['a=four']);
  });

  it('passes over what is stored without decoding it', async () => {
    const { photos, problems } = await pixelsOf(`a\tnot base64!\nb\t${base64('two')}\n`, {
      isStored: (id) => id === 'a',
    });
    expect({ photos, problems }).toEqual({ photos: ['b=two'], problems: [] });
  });
});

describe('readPhotoFolders', () => {
  it('gives each photo its class, and reports what is none', async () => {
    await withFolder(async (folder) => {
      for (const name of ['cat/deep', 'dog', 'none', 'bad\u0001'])
        await mkdir(join(folder, name), { recursive: true });
      for (const name of ['cat/1.jpg', 'cat/deep/2.jpg', 'dog/1.jpg', 'dog/.hidden', 'stray.jpg'])
        await writeFile(join(folder, name), name);
      await writeFile(join(folder, 'dog/huge.jpg'), Buffer.alloc(200));
      await symlink('..', join(folder, 'cat/up'));
      await symlink('nowhere', join(folder, 'dog/broken.jpg'));
      const problems: string[] = [];
      const onProblem = ({ code, file }: InputProblem) => {
        problems.push(`${code} ${file.slice(folder.length + 1)}`);
      };
      const photos: string[] = [];
      for await (const { id, bytes } of readPhotoFolders(folder, { maxPhotoBytes: 100, onProblem }))
        photos.push(`${id}=${Buffer.from(bytes).toString()}`);
      expect(photos).toEqual(['cat/1.jpg=cat/1.jpg', 'cat/deep/2.jpg=cat/deep/2.jpg', 'dog/1.jpg=dog/1.jpg']);
      expect(problems.sort()).toEqual([
        'class bad\u0001',
        'empty none',
        'loop cat/up',
        'no-class stray.jpg',
        'too-long dog/huge.jpg',
        'unreadable dog/broken.jpg',
      ]);
      const classes: string[] = [];
      for await (const { className } of listPhotoFolders(folder, () => undefined)) classes.push(className);
      expect(classes).toEqual(['cat', 'cat', 'dog', 'dog']);
    });
  });

  it('reports a folder that is not there', async () => {
    const problems: InputProblem[] = [];
    const onProblem = (problem: InputProblem) => problems.push(problem);
    for await (const photo of readPhotoFolders('/nowhere', { maxPhotoBytes: 1, onProblem }))
      expect(photo).toBeNull();
    expect(problems.map(({ code }) => code)).toEqual(['unreadable']);
  });
});
