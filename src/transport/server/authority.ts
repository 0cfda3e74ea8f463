import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { writePrivately } from './private-file.ts';

/** What a server needs to be believed. */
export interface ServerIdentity {
  /** File (PEM, mode 0600) with the certificate and its key. */
  readonly file: string;
  /** Certificate of the authority that issued it, PEM. */
  readonly authority: string;
  /** Whether it was made anew just now. */
  readonly renewed: boolean;
}

interface Authority {
  readonly certificate: X509Certificate;
  /** Certificate and key, PEM. */
  readonly pem: string;
}

const dayMs = 86_400_000;
/** Machines whose clocks are behind accept it as well. */
const clockMarginMs = dayMs;
const authorityLifeMs = 20 * 365 * dayMs;
const serverLifeMs = 365 * dayMs;
const renewalMs = 60 * dayMs;

/**
 * The certificate of a data folder's server, for these hosts; made by an authority of the folder's own, which is made the first
 * time. It is renewed two months before it expires, or when it lacks a host: what the authority is known by stays.
 * @param folder - of the server's files
 */
export async function serverIdentity(
  folder: string,
  hosts: readonly string[],
  now = new Date(),
): Promise<ServerIdentity> {
  const issuer = (await readAuthority(folder)) ?? (await makeAuthority(folder, now));
  const authority = issuer.certificate.toString();
  const file = join(folder, 'server.pem');
  const kept = await readPem(file);
  if (kept !== undefined && serves(kept, issuer, hosts, now)) return { file, authority, renewed: false };
  await writePrivately(file, await issue(issuer, hosts, now));
  return { file, authority, renewed: true };
}

/** Certificate (PEM) of the authority of a data folder's server, `undefined` if it has none. */
export async function authorityOf(folder: string): Promise<string | undefined> {
  return (await readAuthority(folder))?.certificate.toString();
}

function authorityFile(folder: string): string {
  return join(folder, 'authority.pem');
}

async function readAuthority(folder: string): Promise<Authority | undefined> {
  const pem = await readPem(authorityFile(folder));
  return pem === undefined ? undefined : { certificate: new X509Certificate(pem), pem };
}

async function makeAuthority(folder: string, now: Date): Promise<Authority> {
  const { authorityExtensions, keyPem, newKeys, signCertificate } = await certificates();
  const keys = await newKeys();
  // Two authorities must not look like one.
  const name = `Autotag ${randomBytes(4).toString('hex')}`;
  const certificate = await signCertificate({
    name,
    keys,
    signer: { name, key: keys.privateKey },
    ...life(now, authorityLifeMs),
    extensions: authorityExtensions(),
  });
  const pem = certificate + keyPem(keys.privateKey);
  await writePrivately(authorityFile(folder), pem);
  return { certificate: new X509Certificate(certificate), pem };
}

/** Certificate and key of a server, PEM: one file, so that they cannot be of two. */
async function issue({ certificate, pem }: Authority, hosts: readonly string[], now: Date): Promise<string> {
  const { keyPem, newKeys, serverExtensions, signCertificate, signingKey } = await certificates();
  const keys = await newKeys();
  const name = certificate.subject.replace(/^CN=/, '');
  const issued = await signCertificate({
    name: 'nats-server',
    keys,
    signer: { name, key: await signingKey(createPrivateKey(pem)) },
    ...life(now, serverLifeMs),
    extensions: serverExtensions(hosts),
  });
  return issued + keyPem(keys.privateKey);
}

function serves(
  pem: string,
  { certificate: issuer }: Authority,
  hosts: readonly string[],
  now: Date,
): boolean {
  const certificate = new X509Certificate(pem);
  const covered = (host: string) =>
    (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  return (
    certificate.verify(issuer.publicKey) &&
    Date.parse(certificate.validFrom) <= now.getTime() &&
    Date.parse(certificate.validTo) - renewalMs > now.getTime() &&
    hosts.every(covered)
  );
}

function life(now: Date, ms: number) {
  return { notBefore: new Date(now.getTime() - clockMarginMs), notAfter: new Date(now.getTime() + ms) };
}

async function readPem(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** How certificates are made, which a node seldom does: their library is as large as all the rest of the transport. */
function certificates() {
  return import('./certificate.ts');
}
