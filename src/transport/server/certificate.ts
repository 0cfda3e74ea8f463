import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  RelativeDistinguishedNames,
  Time,
  TimeType,
} from 'pkijs';

/** Who signs a certificate. */
export interface Signer {
  /** Common name. */
  readonly name: string;
  readonly key: webcrypto.CryptoKey;
}

/** What a certificate is to say. */
export interface CertificateWish {
  /** Common name. */
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly signer: Signer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const oids = {
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;
const generalName = { dns: 2, ip: 7 } as const;

/** A new pair of keys (ECDSA, P-256). */
export async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
}

/** A private key as PEM. */
export function keyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The key of {@link keyPem}, to sign with. */
export async function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return await webcrypto.subtle.importKey('pkcs8', der, curve, false, ['sign']);
}

/** Makes and signs a certificate; PEM. */
export async function signCertificate(wish: CertificateWish): Promise<string> {
  const certificate = new Certificate({
    version: 2,
    serialNumber: new Integer({ valueHex: serialNumber() }),
    issuer: nameOf(wish.signer.name),
    subject: nameOf(wish.name),
    notBefore: timeOf(wish.notBefore),
    notAfter: timeOf(wish.notAfter),
    extensions: [...wish.extensions],
  });
  await certificate.subjectPublicKeyInfo.importKey(wish.keys.publicKey);
  await certificate.sign(wish.signer.key, 'SHA-256');
  const base64 = Buffer.from(certificate.toSchema().toBER()).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}

/** For an authority that issues the certificates of servers, and no further authority's. */
export function authorityExtensions(): Extension[] {
  // Bits 5 and 6: signs certificates and revocation lists.
  const usage = new BitString({ valueHex: new Uint8Array([0x06]).buffer, unusedBits: 1 });
  return [
    extension(
      oids.basicConstraints,
      true,
      new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(),
    ),
    extension(oids.keyUsage, true, usage),
  ];
}

/** For a server that is reached by these names and addresses. */
export function serverExtensions(hosts: readonly string[]): Extension[] {
  const names = new GeneralNames({ names: hosts.map(hostName) });
  return [
    extension(oids.subjectAltName, false, names.toSchema()),
    extension(oids.extKeyUsage, false, new ExtKeyUsage({ keyPurposes: [oids.serverAuth] }).toSchema()),
  ];
}

function extension(extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

function hostName(host: string): GeneralName {
  const value = addressBytes(host);
  return value === undefined
    ? new GeneralName({ type: generalName.dns, value: host })
    : new GeneralName({ type: generalName.ip, value: new OctetString({ valueHex: value }) });
}

/** The bytes of an IP address, `undefined` for a name. */
function addressBytes(host: string): ArrayBuffer | undefined {
  const family = isIP(host);
  if (family === 0) return undefined;
  if (family === 4) return new Uint8Array(host.split('.').map(Number)).buffer;
  // The parser of URLs writes every form of an address in the same way: groups of hex digits, and one gap at most.
  const [left = '', right] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return new Uint8Array(all.flatMap((group) => [group >> 8, group & 0xff])).buffer;
}

function nameOf(commonName: string): RelativeDistinguishedNames {
  const value = new Utf8String({ value: commonName });
  return new RelativeDistinguishedNames({
    typesAndValues: [new AttributeTypeAndValue({ type: oids.commonName, value })],
  });
}

// X.509 writes years from 2050 on in another form.
function timeOf(value: Date): Time {
  return new Time({
    type: value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime,
    value,
  });
}

/** A positive number of 64 bits. */
function serialNumber(): ArrayBuffer {
  const bytes = webcrypto.getRandomValues(new Uint8Array(8));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.buffer;
}
