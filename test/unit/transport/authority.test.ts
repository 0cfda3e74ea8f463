import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { authorityOf, serverIdentity } from '../../../src/transport/server/authority.ts';

const dayMs = 86_400_000;
const hosts = ['10.0.0.1', '127.0.0.1', '::1', 'localhost', 'photos-1.example'];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-authority-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const certificateIn = async (file: string) => new X509Certificate(await readFile(file));
const inDays = (days: number) => new Date(Date.now() + days * dayMs);

test('a server gets a certificate for its hosts, from an authority that is made once, in files of its owner', async () => {
  const first = await serverIdentity(folder, hosts);
  const authority = new X509Certificate(first.authority);
  const certificate = await certificateIn(first.file);
  expect([authority.ca, certificate.ca, first.renewed]).toEqual([true, false, true]);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(await readFile(first.file, 'utf8')))).toBe(true);
  for (const host of hosts)
    expect(isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)).toBe(host);
  expect(certificate.checkIP('10.0.0.2')).toBeUndefined();
  for (const file of [first.file, join(folder, 'authority.pem')])
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await serverIdentity(folder, hosts.slice(1))).toEqual({ ...first, renewed: false });
  expect(await authorityOf(folder)).toBe(first.authority);
  expect(first.authority).not.toContain('PRIVATE');
});

test('the certificate is renewed two months before its end, and for a new host; the authority stays', async () => {
  const first = await serverIdentity(folder, hosts);
  const serial = async () => (await certificateIn(first.file)).serialNumber;
  const before = await serial();
  expect(await serverIdentity(folder, hosts, inDays(300))).toMatchObject({ renewed: false });
  expect(await serverIdentity(folder, hosts, inDays(310))).toMatchObject({ renewed: true });
  const renewed = await serial();
  expect(renewed).not.toBe(before);
  // A clock that was ahead is set back.
  expect(await serverIdentity(folder, hosts)).toMatchObject({ renewed: true });
  const more = await serverIdentity(folder, [...hosts, '10.0.0.9']);
  expect(more).toEqual({ ...first, renewed: true });
  expect((await certificateIn(more.file)).checkIP('10.0.0.9')).toBe('10.0.0.9');
});

test('years from 2050 on can be read as well', async () => {
  const { file } = await serverIdentity(folder, hosts, new Date('2055-01-01'));
  expect(new Date((await certificateIn(file)).validTo).getUTCFullYear()).toBe(2056);
});

test('any address can be certified', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.ipV6(), fc.ipV4()), async (address) => {
      const { file } = await serverIdentity(folder, [address]);
      expect((await certificateIn(file)).checkIP(address)).toBe(address);
    }),
    { numRuns: 50 },
  );
});

test('files that hold something else are not overwritten', async () => {
  await writeFile(join(folder, 'authority.pem'), 'something else');
  await expect(serverIdentity(folder, hosts)).rejects.toThrow();
  expect(await readFile(join(folder, 'authority.pem'), 'utf8')).toBe('something else');
});
