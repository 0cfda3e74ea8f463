import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashId, IdIndex } from '../../../src/model/feature-store/id-index.ts';

/** Few different hashes, most of them after one another: tables where everybody is in everybody's way. */
const hash = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom(2 ** 32 + 3, 2 ** 38 + 3, 2 ** 53 - 1),
);
const place = fc.integer({ min: 0, max: 9 });
const step = fc.record({
  type: fc.constantFrom('insert', 'insert', 'delete', 'move'),
  hash,
  place,
  to: place,
});

it('the index is a map of hashes to places, whatever collides', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const index = new IdIndex();
      const expected = new Map<number, Set<number>>();
      for (const { type, hash, place, to } of steps) {
        const places = expected.get(hash) ?? new Set();
        expected.set(hash, places);
        if (type === 'insert' && !places.has(place)) {
          index.insert(hash, place);
          places.add(place);
        } else if (type === 'delete') expect(index.delete(hash, place)).toBe(places.delete(place));
        else if (type === 'move' && !places.has(to)) {
          expect(index.move(hash, place, to)).toBe(places.delete(place));
          if (index.candidates(hash).includes(to)) places.add(to);
        }
      }
      for (const [each, places] of expected)
        expect(index.candidates(each).sort()).toEqual([...places].sort());
    }),
  );
});

it('takes at most 30 bytes an id, and seeds the hashes', () => {
  const index = new IdIndex();
  const hashes = new Set<number>();
  for (let place = 0; place < 100_000; place++) {
    const each = hashId(Buffer.from(`photo ${String(place)}`), 7);
    hashes.add(each);
    index.insert(each, place);
  }
  expect(hashes.size).toBe(100_000);
  expect(index.bytes / 100_000).toBeLessThan(30.1);
  expect(hashId(Buffer.from('photo'), 1)).not.toBe(hashId(Buffer.from('photo'), 2));
});
