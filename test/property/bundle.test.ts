import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/ids.ts';
import {
  maxBundleBytes,
  maxBundleFiles,
  openBundle,
  packBundle,
  type BundleFile,
} from '../../src/transport/bundle.ts';

const part = fc.stringMatching(/^[a-z0-9_-]{1,8}(\.[a-z]{1,3})?$/);
const file: fc.Arbitrary<BundleFile> = fc.record({
  path: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  executable: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 200 }),
});
/** Files none of which is also a folder of another. */
const files = fc
  .uniqueArray(file, { selector: ({ path }) => path, maxLength: 12 })
  .map((all) => all.filter(({ path }) => !all.some((other) => other.path.startsWith(`${path}/`))));

const plain = (all: readonly BundleFile[]) =>
  all.map(({ path, executable, bytes }) => ({ path, executable, bytes: Buffer.from(bytes).toString('hex') }));

const empty = (path: string): BundleFile => ({ path, executable: false, bytes: new Uint8Array() });

/** An archive that nobody's client packs. */
function forged(all: unknown): { id: string; archive: Uint8Array } {
  const archive = new Packr({ useRecords: false }).pack({ format: 'autotag-bundle-1', files: all });
  return { id: sha256(archive), archive };
}

describe('a bundle', () => {
  it('has the files that were packed, and the same files in any order are the same bundle', () => {
    fc.assert(
      fc.property(files, (all) => {
        const { id, archive } = packBundle(all);
        const reversed = packBundle(all.toReversed());
        expect(reversed.id).toBe(id);
        const sorted = [...all].sort((a, b) => (a.path < b.path ? -1 : 1));
        expect(plain(openBundle(archive, id))).toEqual(plain(sorted));
      }),
    );
  });

  it('is refused with any bit flipped, or cut, or longer', () => {
    fc.assert(
      fc.property(files, fc.nat(), fc.integer({ min: 0, max: 7 }), (all, place, bit) => {
        const { id, archive } = packBundle(all);
        const flipped = Uint8Array.from(archive);
        const at = place % archive.length;
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        for (const damaged of [flipped, archive.subarray(0, at), Buffer.concat([archive, archive])])
          expect(() => openBundle(damaged, id)).toThrow('its bytes do not match its checksum');
      }),
    );
  });

  it.each([
    ['a path out of its folder', '../x', 'leads out of its folder'],
    ['a path out of its folder, further in', 'a/../../x', 'leads out of its folder'],
    ['an absolute path', '/etc/passwd', 'is absolute'],
    ['a NUL', 'a\0b', 'has a backslash or control characters'],
    ['a backslash', '..\\x', 'has a backslash'],
    ['an empty part', 'a//b', 'has empty parts'],
    ['the folder itself', '.', 'leads out of its folder'],
    ['nothing', '', 'is empty'],
    ['too much', 'a'.repeat(513), 'longer than 512 characters'],
    ['a part that no file system has', 'é'.repeat(200), 'a part of more than 255 bytes'],
  ])('has no file whose path is %s, whoever packs it', (_, path, sentence) => {
    expect(() => packBundle([empty(path)])).toThrow(sentence);
    const { id, archive } = forged([empty(path)]);
    expect(() => openBundle(archive, id)).toThrow(sentence);
  });

  it.each([
    ['differ in case alone', ['a/Bolt.mjs', 'a/bolt.mjs'], 'apart from upper and lower case'],
    ['are written alike', ['caf\u00e9', 'cafe\u0301'], 'apart from upper and lower case'],
    ['are a file and its folder', ['a', 'A/b'], 'is a file and a folder'],
  ])('has no two files that %s', (_, paths, sentence) => {
    expect(() => packBundle(paths.map(empty))).toThrow(sentence);
    const { id, archive } = forged(paths.map(empty));
    expect(() => openBundle(archive, id)).toThrow(sentence);
  });

  it('has no more than it may', () => {
    const many = Array.from({ length: maxBundleFiles + 1 }, (_, n) => empty(String(n)));
    expect(() => packBundle(many)).toThrow('it has 1001 files, more than 1000');
    const large = { ...empty('a'), bytes: new Uint8Array(maxBundleBytes) };
    expect(() => packBundle([large])).toThrow('more than 16777216');
    const { id, archive } = forged([large]);
    expect(() => openBundle(archive, id)).toThrow('more than 16777216');
  });

  it('is nothing else, whatever bytes come', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.anything().map((value) => forged(value).archive),
        ),
        (archive) => {
          try {
            expect(openBundle(archive, sha256(archive))).toEqual([]);
          } catch (thrown) {
            expect(thrown).toMatchObject({ code: 'BUNDLE_INVALID' });
          }
        },
      ),
    );
  });
});
