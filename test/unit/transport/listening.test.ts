import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import {
  certifiedHosts,
  parseListening,
  reachableHosts,
  urlOfListening,
} from '../../../src/transport/server/listening.ts';

describe('where to listen', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', 4222],
    ['10.0.0.1:5000', '10.0.0.1', 5000],
    ['::1', '::1', 4222],
    ['[fd00::1]:5000', 'fd00::1', 5000],
    ['[fd00::1]', 'fd00::1', 4222],
    ['photos-1.example:5000', 'photos-1.example', 5000],
    ['0.0.0.0', '0.0.0.0', 4222],
  ])('is read from %s', (text, host, port) => {
    expect(parseListening(text, 4222)).toEqual({ host, port });
  });

  test.each([
    '',
    ':4222',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:x',
    '[10.0.0.1]',
    'a b',
  ])('is not read from %j', (text) => {
    expect(() => parseListening(text, 4222)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });

  test('says where others reach it, and what its certificate is for', () => {
    expect(urlOfListening({ host: 'fd00::1', port: 5 })).toBe('tls://[fd00::1]:5');
    const certified = certifiedHosts({ host: '10.0.0.1', port: 5 });
    expect(certified).toEqual(
      expect.arrayContaining(['10.0.0.1', 'localhost', '127.0.0.1', '::1', hostname()]),
    );
    const everywhere = reachableHosts({ host: '0.0.0.0', port: 5 });
    expect(everywhere).not.toContain('0.0.0.0');
    expect(everywhere.length).toBeGreaterThan(0);
    expect(certifiedHosts({ host: '::', port: 5 })).toEqual(expect.arrayContaining(everywhere));
  });
});
