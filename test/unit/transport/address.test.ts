import { describe, expect, test } from 'vitest';
import { checkAddress, isLoopback, parseAddress } from '../../../src/transport/address.ts';

describe('the address of a server', () => {
  test('is read with its defaults, and printed without its password', () => {
    expect(parseAddress('127.0.0.1')).toEqual({
      servers: ['127.0.0.1:4222'],
      tls: false,
      credentials: undefined,
      authority: undefined,
      url: 'nats://127.0.0.1:4222',
    });
    expect(parseAddress('tls://me:p%3Aw@a.example:1, tls://b.example')).toEqual({
      servers: ['a.example:1', 'b.example:4222'],
      tls: true,
      credentials: { user: 'me', pass: 'p:w' },
      url: 'tls://a.example:1,tls://b.example:4222',
    });
    expect(parseAddress('nats://[::1]:5').servers).toEqual(['[::1]:5']);
    for (const wrong of ['http://x', 'nats://', 'nats://a:b:c:d', ''])
      expect(() => parseAddress(wrong)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });

  test('must be loopback, or TLS with credentials', () => {
    const me = { user: 'u', pass: 'p' };
    const check = (url: string, credentials?: typeof me) => () => {
      checkAddress(parseAddress(url), credentials);
    };
    expect(check('nats://localhost')).not.toThrow();
    expect(check('nats://[::1]:4222')).not.toThrow();
    expect(check('tls://nats.example', me)).not.toThrow();
    const insecure = expect.objectContaining({ code: 'INSECURE_LISTEN' }) as Error;
    expect(check('nats://nats.example', me)).toThrow(insecure);
    expect(check('tls://nats.example')).toThrow(insecure);
    expect(check('nats://127.0.0.1,nats://10.0.0.1', me)).toThrow(insecure);
  });

  test('is loopback by address, not by the look of its name', () => {
    expect(['127.0.0.1', '127.8.9.1', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['127.evil.example', '10.0.0.1', '0.0.0.0', 'localhost.example', '::'].some(isLoopback)).toBe(
      false,
    );
  });
});
