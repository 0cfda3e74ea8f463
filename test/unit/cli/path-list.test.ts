import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathList } from '../../../src/cli/path-list.ts';

async function* chunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const size of sizes) {
    yield await Promise.resolve(bytes.subarray(start, start + size));
    start += size;
  }
  yield bytes.subarray(start);
}

async function paths(
  text: string,
  separator?: '\n' | '\0',
  sizes: readonly number[] = [],
): Promise<string[]> {
  return await all(pathList(chunks(Buffer.from(text), sizes), separator));
}

async function all(list: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const path of list) found.push(path);
  return found;
}

describe('a list of paths', () => {
  it('has one path a line, the last with or without an end', async () => {
    expect(await paths('a.jpg\nb c.jpg\n')).toEqual(['a.jpg', 'b c.jpg']);
    expect(await paths('a.jpg\nb.jpg')).toEqual(['a.jpg', 'b.jpg']);
  });

  it('leaves out empty lines, and the CR of CR LF', async () => {
    expect(await paths('\na.jpg\r\n\n\nb.jpg\r\n')).toEqual(['a.jpg', 'b.jpg']);
    expect(await paths('')).toEqual([]);
  });

  it('knows no other ends of lines', async () => {
    expect(await paths('a\u2028b\rc\u0085d.jpg\n')).toEqual(['a\u2028b\rc\u0085d.jpg']);
  });

  it('takes names with newlines where NUL ends a path', async () => {
    expect(await paths('a\nb.jpg\0c.jpg\0', '\0')).toEqual(['a\nb.jpg', 'c.jpg']);
  });

  it('is the same however it arrives, also when a character is cut', async () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\n\r]/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(name), fc.array(fc.nat(7)), async (names, sizes) => {
        expect(await paths(names.join('\n'), '\n', sizes)).toEqual(names);
      }),
    );
  });

  it('refuses what is no list, before it fills the memory', async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        taken += 1;
        yield await Promise.resolve(Buffer.alloc(16_384, 'x'));
      }
    }
    await expect(all(pathList(endless()))).rejects.toMatchObject({ code: 'USAGE' });
    expect(taken).toBeLessThan(10);
  });
});
