import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import { namesOf, type NodeOptions } from '../base/options.ts';
import { withResolver } from '../base/promise-resolver.ts';
import { isLoopback } from '../transport/address.ts';
import { Connection, type ConnectOptions } from '../transport/connection.ts';
import type { NodeLink } from '../transport/node-link.ts';
import { serverIdentity } from '../transport/server/authority.ts';
import { certifiedHosts, parseListening, type Listening } from '../transport/server/listening.ts';
import type { Identity } from './fastify-app.ts';
import { Gateway } from './gateway.ts';
import { startHttpServer, type HttpServer } from './http-server.ts';

const dayMs = 86_400_000;

/** What the HTTP server of a node is made of. */
export interface HttpParts {
  /** The data folder. */
  readonly folder: string;
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  readonly gateway: () => Gateway | undefined;
  readonly log: Log;
}

/** How the API reaches the cluster. */
export interface GatewayAccess {
  readonly link: NodeLink;
  /** As operator; without it the API may what the node itself may, which is no operator's work. */
  readonly access: Pick<ConnectOptions, 'url' | 'credentials'> | undefined;
  readonly maxPhotoBytes: number;
}

/** The HTTP server, as a child of a node. */
export function httpChild(options: NodeOptions, parts: HttpParts, onOpen: (http: HttpServer) => void) {
  return async () => {
    const listening =
      options.httpListen === undefined
        ? { host: '127.0.0.1', port: options.httpPort }
        : parseListening(options.httpListen, options.httpPort, '--http-listen');
    const http = await startHttpServer({
      ...parts,
      listening,
      identity: await identityFor(listening, parts.folder),
      hosts: namesOf(options.httpHosts),
      origins: namesOf(options.httpOrigins),
      fetchHosts: namesOf(options.fetchHosts),
      requestsPerMinute: options.httpRate,
      maxPhotoBytes: options.maxPhotoBytes,
    });
    onOpen(http);
    const { promise: exited, resolve: end } = withResolver<'normal'>();
    const renewal = setInterval(() => {
      identityFor(listening, parts.folder).then(http.renew, (error: unknown) => {
        parts.log.error(
          { fault: Fault.from(error).toWire() },
          'the certificate of the HTTP API was not renewed',
        );
      });
    }, dayMs);
    const stop = async () => {
      clearInterval(renewal);
      await http.close();
      end('normal');
    };
    return { exited, stop, kill: stop, describe: () => ({ url: http.url }) };
  };
}

/** The API's way to the cluster, as a child of a node: a connection of its own where that has more rights than the node's. */
export function gatewayChild(given: () => GatewayAccess, onChange: (gateway: Gateway | undefined) => void) {
  return async () => {
    const { link, access, maxPhotoBytes } = given();
    const own =
      access === undefined ? undefined : await Connection.open({ ...access, role: 'operator', name: 'http' });
    const gateway = await Gateway.open({
      connection: own ?? link.connection,
      tokens: link.apiTokens,
      maxPhotoBytes,
    });
    onChange(gateway);
    const { promise: exited, resolve: end } = withResolver<Fault | 'normal'>();
    const over = (reason: Fault | 'normal') => {
      onChange(undefined);
      gateway.close();
      end(reason);
    };
    void own?.closed.then((fault) => {
      over(fault ?? 'normal');
    });
    const stop = async () => {
      await own?.close();
      over('normal');
    };
    return { exited, stop, kill: stop, describe: () => ({ role: (own ?? link.connection).role }) };
  };
}

/** A certificate of the data folder's own for whoever listens to other machines. */
async function identityFor(listening: Listening, folder: string): Promise<Identity | undefined> {
  if (isLoopback(listening.host)) return undefined;
  const { file } = await serverIdentity(join(folder, 'http'), certifiedHosts(listening));
  const pem = await readFile(file, 'utf8');
  return { cert: pem, key: pem };
}
