import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameProblem, sha256 } from '../../../src/base/ids.ts';
import { headerNames, openEnvelope, sealPhoto } from '../../../src/transport/envelope.ts';

const bytes = new Uint8Array([1, 2, 3]);
const reader = (headers: Readonly<Record<string, string>>) => (name: string) => headers[name] ?? '';
const open = (headers: Readonly<Record<string, string>>, payload = bytes) =>
  openEnvelope(reader(headers), payload);

describe('a photo in its envelope', () => {
  test('comes out as it went in, whatever it is called', () => {
    const id = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
      .filter((name) => nameProblem(name) === undefined);
    const file = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });
    const owner = fc.option(id, { nil: undefined });
    const client = fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), { nil: undefined });
    fc.assert(
      fc.property(id, file, owner, client, fc.nat(), fc.nat(1_000), (id, file, owner, client, rerun, top) => {
        const sealed = sealPhoto({ id, file, owner, client, rerun, top, bytes });
        expect(open(sealed.headers)).toEqual({ id, file, owner, client, rerun, top, fault: undefined });
        expect(Object.values(sealed.headers).every((value) => /^[A-Za-z0-9_-]+$/.test(value))).toBe(true);
      }),
    );
  });

  test('is called by its SHA-256 if by nothing else', () => {
    expect(sealPhoto({ bytes }).id).toBe(sha256(bytes));
    expect(open({}).id).toBe(sha256(bytes));
  });

  test('has a message id of its id, bytes and rerun together', () => {
    const of = (id: string, content: number[], rerun?: number) =>
      sealPhoto({ id, bytes: new Uint8Array(content), rerun }).messageId;
    expect(of('a', [1])).toBe(of('a', [1], 0));
    const owned = sealPhoto({ id: 'a', bytes: new Uint8Array([1]), owner: 'alice' }).messageId;
    const all = [owned, of('a', [1]), of('a', [2]), of('b', [1]), of('a', [1], 1), of('a', [1], 2)];
    expect(new Set(all).size).toBe(all.length);
  });

  test('is refused if it cannot be stored', () => {
    expect(() => sealPhoto({ bytes, client: 'a.b' })).toThrow(/client token/);
    expect(() => sealPhoto({ bytes, rerun: -1 })).toThrow(/rerun/);
    expect(() => sealPhoto({ bytes, id: '' })).toThrow(/is empty/);
    expect(() => sealPhoto({ bytes, owner: 'a\nb' })).toThrow(/owner .* control characters/);
    expect(() => sealPhoto({ bytes: new Uint8Array(3 * 2 ** 23 + 1) })).toThrow(/more than the limit/);
  });

  test('never throws on foreign headers', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.string(),
        fc.string(),
        fc.string(),
        (id, file, owner, client, rerun, top) => {
          const names = headerNames;
          const given = { [names.id]: id, [names.file]: file, [names.owner]: owner, [names.client]: client };
          const envelope = open({ ...given, [names.rerun]: rerun, [names.top]: top });
          expect(nameProblem(envelope.id)).toBeUndefined();
          expect(nameProblem(envelope.owner ?? 'nobody')).toBeUndefined();
          if (owner !== '' && envelope.owner === undefined) expect(envelope.fault).toBeDefined();
          expect(envelope.rerun).toBeGreaterThanOrEqual(0);
          expect(envelope.client ?? 'none').toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        },
      ),
    );
  });
});
