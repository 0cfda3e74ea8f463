import { isIP } from 'node:net';
import { Fault, reasonOf } from '../base/errors.ts';
import { isToken, readToken } from './invitation.ts';

/** A user of the NATS server and its password. */
export interface Credentials {
  readonly user: string;
  readonly pass: string;
}

/** Where NATS servers listen, and as whom to connect. */
export interface NatsAddress {
  /** `host:port`, one or more of one cluster. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  /** From the URL, if it has any. */
  readonly credentials: Credentials | undefined;
  /** From a token: certificate (PEM) of the one authority that the servers' certificates may come from. */
  readonly authority: string | undefined;
  /** The URL without its password: safe to print. */
  readonly url: string;
}

const defaultPort = '4222';

/**
 * Reads `nats://[user:pass@]host[:port]`, `tls://…`, a comma-separated list of them, or the token of an invitation.
 * @throws Fault `USAGE` if it is none of these
 */
export function parseAddress(url: string): NatsAddress {
  if (!isToken(url)) return parseUrls(url);
  const { user, pass, authority, ...invitation } = readToken(url);
  return { ...parseUrls(invitation.url), credentials: { user, pass }, authority };
}

function parseUrls(url: string): NatsAddress {
  const parts = url.split(',').map((part) => parseOne(part.trim()));
  const credentials = parts.map(credentialsOf).find((found) => found !== undefined);
  return {
    servers: parts.map((part) => `${part.hostname}:${part.port === '' ? defaultPort : part.port}`),
    tls: parts.some((part) => part.protocol === 'tls:'),
    credentials,
    authority: undefined,
    url: parts.map((part) => `${part.protocol}//${part.hostname}:${part.port || defaultPort}`).join(','),
  };
}

/**
 * Refuses to carry photos or passwords in clear over a network.
 * @throws Fault `INSECURE_LISTEN` for a host that is not loopback, unless it is tls:// with credentials
 */
export function checkAddress(address: NatsAddress, credentials: Credentials | undefined): void {
  if (address.tls && credentials !== undefined) return;
  const foreign = address.servers.map(hostOfServer).find((host) => !isLoopback(host));
  if (foreign !== undefined) throw new Fault('INSECURE_LISTEN', { address: foreign });
}

/** Whether a host name or address is this machine's own loopback. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/** The host of `host:port`. */
export function hostOfServer(server: string): string {
  return server.slice(0, server.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function parseOne(text: string): URL {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `nats://${text}`);
    if ((url.protocol === 'nats:' || url.protocol === 'tls:') && url.hostname !== '') return url;
  } catch (error) {
    throw new Fault('USAGE', { reason: `--nats: ${reasonOf(error)}; give nats://HOST:PORT` });
  }
  throw new Fault('USAGE', { reason: '--nats: give nats://HOST:PORT or tls://HOST:PORT' });
}

function credentialsOf(url: URL): Credentials | undefined {
  if (url.username === '') return undefined;
  return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
}
