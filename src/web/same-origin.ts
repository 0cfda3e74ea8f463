import type { FastifyRequest } from 'fastify';
import { Fault } from '../base/errors.ts';
import { isLoopback } from '../transport/address.ts';

/** Whose requests are taken. */
export interface OriginOptions {
  /** Whether the server listens on loopback: only then may a name be a trick. */
  readonly local: boolean;
  /** Names, beside those of loopback, under which a proxy of this machine is reached. */
  readonly hosts: readonly string[];
  /** Origins of other pages that may ask. */
  readonly origins: readonly string[];
}

/**
 * Refuses what a page of somebody else has a browser of this machine ask. Such a page may reach loopback under a name of its
 * own (DNS rebinding), so the name counts there; and browsers say from where a request comes. Programs say nothing, and are
 * no danger of this kind.
 * @throws Fault `HOST_UNKNOWN`, `ORIGIN_REFUSED`
 */
export function checkOrigin(request: FastifyRequest, { local, hosts, origins }: OriginOptions): void {
  const { headers, method, protocol } = request;
  const host = hostNameOf(headers.host ?? '');
  if (local && !isLoopback(host) && !hosts.includes(host))
    throw new Fault('HOST_UNKNOWN', { host: JSON.stringify(host.slice(0, 80)) });
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  if (origin !== undefined && origins.includes(origin)) return;
  const own = origin === undefined || sameHost(origin, `${protocol}://${headers.host ?? ''}`);
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  // Somebody follows a link: the page that has it learns nothing.
  const followsLink = foreign && origin === undefined && method === 'GET' && mode === 'navigate';
  if (own && (!foreign || followsLink)) return;
  throw new Fault('ORIGIN_REFUSED', { origin: JSON.stringify((origin ?? 'another site').slice(0, 200)) });
}

/** `[::1]:80` is `::1`, `localhost:80` is `localhost`. */
function hostNameOf(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

// Behind a proxy that ends TLS the scheme differs: the host tells one site from the other.
function sameHost(origin: string, own: string): boolean {
  const [theirs, ours] = [urlOf(origin), urlOf(own)];
  return theirs !== undefined && ours !== undefined && theirs.host === ours.host;
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
