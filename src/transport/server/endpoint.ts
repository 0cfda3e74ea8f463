import { once } from 'node:events';
import { createServer } from 'node:net';
import { Fault, reasonOf } from '../../base/errors.ts';
import { serverIdentity, type ServerIdentity } from './authority.ts';
import { certifiedHosts, isWildcard, urlOfHost, urlOfListening, type Listening } from './listening.ts';

/** Where a server listens, and how. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Where other machines reach it. */
  readonly publicUrl: string | undefined;
  readonly identity: ServerIdentity | undefined;
  /** The option that says so. */
  readonly option: '--port' | '--listen';
}

const loopback = '127.0.0.1';
/** Errors of an address of another machine, or of a name that nobody has. */
const notOurs = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Where a server is to listen: on a port of loopback, or as `listening` says, with a certificate.
 * @param folder - of the server's files
 */
export async function endpointOf(
  { port, listening }: { readonly port: number; readonly listening?: Listening | undefined },
  folder: string,
): Promise<Endpoint> {
  if (listening === undefined)
    return { host: loopback, port, publicUrl: undefined, identity: undefined, option: '--port' };
  const identity = await serverIdentity(folder, certifiedHosts(listening));
  return { ...listening, publicUrl: urlOfListening(listening), identity, option: '--listen' };
}

/** Where this machine reaches it. */
export function ownUrl({ host, port, identity }: Endpoint): string {
  const near = isWildcard(host) ? loopback : host;
  return urlOfHost(identity === undefined ? 'nats' : 'tls', near, port);
}

/** The configuration file that belongs to it, in the package's folder. */
export function configurationOf({ identity }: Endpoint): string {
  return identity === undefined ? 'nats.conf' : 'nats-tls.conf';
}

/**
 * Makes sure that nobody listens there yet.
 * @throws Fault `PORT_IN_USE`, `LISTEN_ADDRESS` (no address of this machine), `NATS_START`
 */
export async function checkFree(endpoint: Endpoint): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(endpoint.port, endpoint.host);
    await once(probe, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EADDRINUSE') throw portInUse(endpoint);
    if (notOurs.has(code))
      throw new Fault('LISTEN_ADDRESS', { address: endpoint.host, option: '--listen' }, error);
    throw new Fault('NATS_START', { reason: reasonOf(error) }, error);
  }
  await new Promise((resolve) => probe.close(resolve));
}

/** The fault for a port that another program has. */
export function portInUse({ port, option }: Endpoint): Fault {
  return new Fault('PORT_IN_USE', { port, option });
}
