import { lookup } from 'node:dns';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Fault, reasonOf } from '../base/errors.ts';

/** What may be fetched. */
export interface FetchLimits {
  /** Names of hosts; nothing is fetched from any other. */
  readonly hosts: readonly string[];
  readonly maxBytes: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
  /** Which addresses may be connected to; by default those of the public Internet. A test has its server on loopback. */
  readonly mayConnect?: (address: string) => boolean;
}

const redirectsAtMost = 3;
const timeoutMs = 20_000;

/**
 * Fetches a photo by HTTP or HTTPS from one of some hosts, and follows no redirect to any other. The address that is
 * connected to is looked at, not only the name: a name may lead into the network of the node, and to another address each
 * time it is asked for.
 * @throws Fault `FETCH_REFUSED`, `FETCH_FAILED`, `PHOTO_TOO_LARGE`, `PHOTO_EMPTY`
 */
export async function fetchPhoto(url: URL, limits: FetchLimits): Promise<Buffer> {
  const ended = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(limits.signal ? [limits.signal] : [])]);
  try {
    let at = url;
    for (let left = redirectsAtMost; ; left -= 1) {
      const response = await get(checked(at, limits), limits, ended);
      const next = redirectOf(response, at);
      if (next === undefined) return await bodyOf(response, limits.maxBytes);
      response.destroy();
      if (left === 0) throw new Error(`it redirects more than ${String(redirectsAtMost)} times`);
      at = next;
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('FETCH_FAILED', { host: url.host, reason: reasonOf(error) }, error);
  }
}

/** @throws Fault `FETCH_REFUSED` */
function checked(url: URL, { hosts, mayConnect = isPublic }: FetchLimits): URL {
  const refused = (reason: string) => new Fault('FETCH_REFUSED', { reason });
  const { protocol, username, password } = url;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (hosts.length === 0) throw refused('no host is named with --fetch-hosts');
  if (!hosts.includes(host)) throw refused(`${host} is not among the hosts of --fetch-hosts`);
  if (protocol !== 'https:' && protocol !== 'http:') throw refused('it is neither http nor https');
  if (username !== '' || password !== '') throw refused('it holds a user or password');
  // A name is looked up, and its addresses checked, when it is connected to.
  if (isIP(host) !== 0 && !mayConnect(host))
    throw refused(`${host} is not an address of the public Internet`);
  return url;
}

function get(url: URL, limits: FetchLimits, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestSecure : requestPlain;
  const options = {
    lookup: guardedLookup(limits.mayConnect ?? isPublic),
    // A connection of its own, closed afterwards: one that is kept was checked for somebody else.
    agent: false,
    signal,
    headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'autotag' },
  } as const;
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end();
  });
}

/** Looks a name up, and lets the socket have its addresses only if all of them may be connected to. */
function guardedLookup(mayConnect: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const [first] = addresses;
      const foreign = addresses.find(({ address }) => !mayConnect(address));
      if (foreign !== undefined || first === undefined)
        callback(new Fault('FETCH_REFUSED', { reason: `${hostname} is not on the public Internet` }), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Whether an address is nobody's own: not loopback, private, link-local, of a translation into IPv4, or reserved. */
export function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast';
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, at: URL): URL | undefined {
  if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return undefined;
  return new URL(headers.location, at);
}

/** @throws Fault `PHOTO_TOO_LARGE`, `PHOTO_EMPTY` */
async function bodyOf(response: IncomingMessage, limit: number): Promise<Buffer> {
  const { statusCode = 0, headers } = response;
  const tooLarge = (bytes: number) => new Fault('PHOTO_TOO_LARGE', { bytes, limit });
  try {
    if (statusCode !== 200) throw new Error(`it answers ${String(statusCode)}`);
    const promised = Number(headers['content-length'] ?? 0);
    if (promised > limit) throw tooLarge(promised);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge(bytes);
      chunks.push(chunk);
    }
    if (bytes === 0) throw new Fault('PHOTO_EMPTY');
    return Buffer.concat(chunks, bytes);
  } finally {
    response.destroy();
  }
}
