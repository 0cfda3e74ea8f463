import { Server as TlsServer } from 'node:https';
import helmet from '@fastify/helmet';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import { isLoopback } from '../transport/address.ts';
import { reachableHosts, urlOfHost, type Listening } from '../transport/server/listening.ts';
import { Access, checkRole } from './access.ts';
import { registerApi } from './api.ts';
import { createApp, type App, type Identity } from './fastify-app.ts';
import type { Gateway } from './gateway.ts';
import { addPage } from './page-files.ts';
import { UploadBudget } from './upload-budget.ts';

/** What the HTTP server shows, and to whom. */
export interface HttpServerOptions {
  /** Port 0 lets the system choose. */
  readonly listening: Listening;
  /** For TLS, without which nothing but loopback is listened on. */
  readonly identity: Identity | undefined;
  /** Names under which a proxy of this machine is reached: with any, everybody needs a token. */
  readonly hosts: readonly string[];
  /** Origins of pages of other sites that may use the API. */
  readonly origins: readonly string[];
  /** Hosts that photos may be fetched from. */
  readonly fetchHosts: readonly string[];
  readonly requestsPerMinute: number;
  readonly maxPhotoBytes: number;
  readonly metrics: Metrics;
  /** Whether the node takes photos now. */
  readonly ready: () => boolean;
  /** The cluster, `undefined` while it cannot be reached. */
  readonly gateway: () => Gateway | undefined;
  readonly log: Log;
}

/** A running HTTP server. */
export interface HttpServer {
  readonly url: string;
  /** Shows this certificate to whoever connects from now on. */
  readonly renew: (identity: Identity | undefined) => void;
  close(): Promise<void>;
}

/** Of uploads, at once. */
const uploadBytes = 256 * 1024 * 1024;

/**
 * Serves `/metrics` (Prometheus), `/health`, the API below `/api/v1`, and the page at `/`.
 * @throws Fault `PORT_IN_USE`, `LISTEN_ADDRESS`, `INSECURE_LISTEN`
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { listening, identity, hosts, origins, log } = options;
  const isLocal = isLoopback(listening.host);
  if (!isLocal && identity === undefined) throw new Fault('INSECURE_LISTEN', { address: listening.host });
  const app = createApp(log, identity);
  const gateway = (): Gateway => {
    const found = options.gateway();
    if (found === undefined)
      throw new Fault('NATS_UNREACHABLE', { url: 'the cluster', reason: 'not yet, or not now' });
    return found;
  };
  const access = new Access({ tokens: () => gateway().tokens, local: isLocal && hosts.length === 0 });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // A certificate of the node's own is for those who know it, not for the name of the machine.
    strictTransportSecurity: false,
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const labels = { method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) };
    options.metrics.httpSeconds.observe(labels, reply.elapsedTime / 1_000);
    done();
  });
  addProbes(app, options, isLocal ? undefined : access);
  await addPage(app);
  await registerApi(app, {
    ...options,
    gateway,
    access,
    uploads: new UploadBudget(uploadBytes),
    origin: { local: isLocal, hosts, origins },
  });
  const port = await listen(app, listening);
  const [host = listening.host] = reachableHosts(listening);
  return {
    url: urlOfHost(identity === undefined ? 'http' : 'https', host, port),
    renew: (renewed) => {
      if (app.server instanceof TlsServer && renewed !== undefined)
        app.server.setSecureContext({ ...renewed });
    },
    close: () => app.close(),
  };
}

/** Health is anybody's; outside of loopback, metrics are for those who have a token. */
function addProbes(app: App, { metrics, ready }: HttpServerOptions, access: Access | undefined): void {
  app.get('/metrics', async (request, reply) => {
    if (access !== undefined) checkRole(await access.principal(request), 'viewer');
    void reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  app.get('/health', (_request, reply) => reply.code(ready() ? 200 : 503).send({ ready: ready() }));
}

/** Answers the port. */
async function listen(app: App, { host, port }: Listening): Promise<number> {
  try {
    await app.listen({ host, port });
    const address = app.server.address();
    return typeof address === 'object' ? (address?.port ?? port) : port;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE')
      throw new Fault('PORT_IN_USE', { port, option: '--http-port or --http-listen' }, error);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new Fault('LISTEN_ADDRESS', { address: host, option: '--http-listen' }, error);
    throw new Fault('INTERNAL', { reason: reasonOf(error) }, error);
  }
}
