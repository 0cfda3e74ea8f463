import { describe, expect, it } from 'vitest';
import { snapshot, stateLimits } from '../../../src/runtime/snapshot.ts';

const copy = (value: unknown) => snapshot(value, stateLimits);

describe('a snapshot', () => {
  it.each<[string, unknown, unknown]>([
    ['plain data', { a: [1, 'b', true, null] }, { a: [1, 'b', true, null] }],
    ['undefined', { a: undefined }, { a: null }],
    ['binary data', new Uint8Array(1_000_000), '[Uint8Array, 1000000 bytes]'],
    ['shared memory', new SharedArrayBuffer(8), '[SharedArrayBuffer, 8 bytes]'],
    ['a function', () => 1, '[function ]'],
    ['a bigint', 2n ** 64n, '18446744073709551616'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a date that is none', new Date(Number.NaN), null],
    ['an error', new TypeError('no'), 'TypeError: no'],
    ['a set', new Set([1, 2]), [1, 2]],
    ['a map', new Map([['a', 1]]), [['a', 1]]],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
  ])('of %s', (_what, value, expected) => {
    expect(copy(value)).toEqual(expected);
  });

  it('is cut to size', () => {
    const wide = copy(Array.from({ length: 1_000_000 }, (_, n) => n)) as unknown[];
    expect([wide.length, wide.at(-1)]).toEqual([101, '…']);
    expect(copy('x'.repeat(1_000_000))).toBe(`${'x'.repeat(1_000)}…`);
    const matrix = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => ({})));
    expect(JSON.stringify(copy(matrix)).length).toBeLessThan(20_000);
  });

  it('ends where a value contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(JSON.stringify(copy(loop))).toBe('{"self":{"self":{"self":{"self":{"self":{"self":"…"}}}}}}');
  });

  it('survives a getter that throws', () => {
    const value = {
      get broken(): never {
        throw new Error('no');
      },
    };
    expect(copy(value)).toEqual({ broken: '[unreadable: no]' });
  });

  it('takes the key __proto__ for a key', () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}}') as unknown;
    expect(JSON.stringify(copy(value))).toBe('{"__proto__":{"polluted":true}}');
    expect(Object.hasOwn({}, 'polluted') || 'polluted' in {}).toBe(false);
  });
});
