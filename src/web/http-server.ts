import Fastify from 'fastify';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';

/** What the HTTP server shows. */
export interface HttpServerOptions {
  /** Port on loopback; 0 lets the system choose. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Whether the node takes photos now. */
  readonly ready: () => boolean;
}

/** A running HTTP server. */
export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` (Prometheus) and `/health` on loopback.
 * @throws Fault `PORT_IN_USE`
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { port, metrics, ready } = options;
  const app = Fastify({ bodyLimit: 1024, forceCloseConnections: true });
  app.get('/metrics', async (_request, reply) => {
    void reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  app.get('/health', (_request, reply) => reply.code(ready() ? 200 : 503).send({ ready: ready() }));
  try {
    const url = await app.listen({ host: '127.0.0.1', port });
    return { url, close: () => app.close() };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new Fault('PORT_IN_USE', { port, option: '--http-port' }, error);
    throw new Fault('INTERNAL', { reason: reasonOf(error) }, error);
  }
}
