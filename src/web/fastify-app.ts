import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Log } from '../base/log.ts';
import { errorHandler } from './http-faults.ts';
import { Fault } from '../base/errors.ts';

/** Certificate and key of a server that speaks TLS, PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Of all but uploads, in bytes. */
const bodyLimit = 1024 * 1024;
/** An id of 256 bytes, each of them percent-encoded. */
const maxParamLength = 3 * 256;

/** So that clients that do nothing, or all too slowly, keep nobody else from being served; ms. */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 300_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
};
/** Of a connection on which nothing moves: longer than a photo is waited for, and than a stream of events is silent; ms. */
const idleMs = 90_000;
const connectionsAtMost = 4_096;

/** A server without routes: what is given and answered is checked by the zod schemas of its routes. */
export function createApp(log: Log, identity: Identity | undefined) {
  const app = Fastify({
    bodyLimit,
    forceCloseConnections: true,
    routerOptions: { maxParamLength },
    serverFactory: (handler) => {
      const server =
        identity === undefined
          ? createServer(timeouts, handler)
          : createSecureServer({ ...timeouts, ...identity, minVersion: 'TLSv1.2' }, handler);
      server.setTimeout(idleMs);
      server.maxConnections = connectionsAtMost;
      return server;
    },
    frameworkErrors: (error, request, reply) => {
      errorHandler(log)(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler(log));
  app.setNotFoundHandler((request) => {
    throw new Fault('NOT_FOUND', { what: 'resource', id: `${request.method} ${request.url.slice(0, 200)}` });
  });
  // What is no JSON is no request: a form of another page could send text.
  app.removeContentTypeParser('text/plain');
  return app;
}

/** See {@link createApp}. */
export type App = ReturnType<typeof createApp>;
