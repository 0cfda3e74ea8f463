import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from '../../../src/transport/address.ts';
import { invitationToken, isToken, readToken } from '../../../src/transport/invitation.ts';

const authority = `-----BEGIN CERTIFICATE-----\n${'MIIBVjCB/aADAgECAghA'.repeat(20)}\n-----END CERTIFICATE-----\n`;
const invitation = { url: 'tls://10.0.0.1:4222', user: 'node', pass: 'p0123456789abcdef', authority };
const token = invitationToken(invitation);
const damaged = expect.objectContaining({
  code: 'USAGE',
  message: expect.stringContaining('cut or damaged') as unknown,
}) as Error;

test('a token is one word, and gives back what it was made of', () => {
  const text = fc.string({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(text, text, (user, pass) => {
      const made = invitationToken({ ...invitation, user, pass });
      expect(made).toMatch(/^autotag1\.[\w-]+$/);
      expect(readToken(` ${made}\n`)).toEqual({ ...invitation, user, pass });
    }),
  );
});

test('a token stands wherever a URL does, and is printed without its password', () => {
  const address = parseAddress(token);
  expect(address).toEqual({
    servers: ['10.0.0.1:4222'],
    tls: true,
    credentials: { user: 'node', pass: invitation.pass },
    authority,
    url: invitation.url,
  });
  expect(isToken('nats://127.0.0.1')).toBe(false);
});

test('one that is cut anywhere is refused', () => {
  for (let length = 'autotag1.'.length; length < token.length; length++)
    expect(() => parseAddress(token.slice(0, length))).toThrow(damaged);
});

test('one with another character in it is refused, or says the same', () => {
  const place = fc.integer({ min: 'autotag1.'.length, max: token.length - 1 });
  fc.assert(
    fc.property(place, fc.constantFrom('A', 'z', '0', '9', '-', '_', ' ', '.', ','), (at, character) => {
      const mistyped = token.slice(0, at) + character + token.slice(at + 1);
      try {
        expect(readToken(mistyped)).toEqual(invitation);
      } catch (error) {
        expect(error).toMatchObject({ code: 'USAGE' });
      }
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['without TLS', { url: 'nats://10.0.0.1:4222' }],
  ['without a password', { pass: '' }],
  ['with another thing than a certificate', { authority: 'me' }],
  ['that unpacks to megabytes', { authority: authority + 'x'.repeat(10_000_000) }],
])('one %s is refused', (_, part) => {
  expect(() => readToken(invitationToken({ ...invitation, ...part }))).toThrow(damaged);
});
