import { hostname, networkInterfaces } from 'node:os';
import { isIP, isIPv4 } from 'node:net';
import { Fault } from '../../base/errors.ts';

/** Where a server listens for other machines. */
export interface Listening {
  /** An address or name of this machine, `0.0.0.0` or `::` for all of them. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`.
 * @throws Fault `USAGE`
 */
export function parseListening(text: string, defaultPort: number, option = '--listen'): Listening {
  if (isIP(text) !== 0) return { host: text, port: defaultPort };
  const found = /^(?:\[([^\]]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/.exec(text);
  const host = found?.[1] ?? found?.[2] ?? '';
  const port = found?.[3] === undefined ? defaultPort : Number(found[3]);
  const isHost = found?.[1] === undefined ? isNameOrAddress(host) : isIP(host) === 6;
  if (!isHost || port < 1 || port > 65_535)
    throw new Fault('USAGE', { reason: `${option}: give ADDRESS or ADDRESS:PORT of this machine.` });
  return { host, port };
}

/** The hosts by which other machines reach it. */
export function reachableHosts({ host }: Listening): string[] {
  if (!isWildcard(host)) return [host];
  const addresses = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ internal, family }) => !internal && (host === '::' || family === 'IPv4'))
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:') && !address.startsWith('169.254.'));
  return addresses.length > 0 ? addresses : [hostname()];
}

/** All hosts that its certificate is for. */
export function certifiedHosts(listening: Listening): string[] {
  const hosts = [...reachableHosts(listening), hostname(), 'localhost', '127.0.0.1', '::1'];
  return [...new Set(hosts.filter(isNameOrAddress))];
}

/** `tls://HOST:PORT`, one for each host that it is reached by. */
export function urlOfListening(listening: Listening): string {
  return reachableHosts(listening)
    .map((host) => urlOfHost('tls', host, listening.port))
    .join(',');
}

/** `SCHEME://HOST:PORT` */
export function urlOfHost(scheme: 'nats' | 'tls' | 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}`;
}

/** Whether it stands for all addresses of the machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

// What looks like an address of four numbers and is none would be resolved in surprising ways.
function isNameOrAddress(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIPv4(host);
  const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
  return isIP(host) === 6 || (host.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(host));
}
