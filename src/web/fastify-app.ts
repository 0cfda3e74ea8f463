import { createServer, STATUS_CODES } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { errorHandler, errorOf } from './http-faults.ts';

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
const unreadStatuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

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
    clientErrorHandler: refuseUnread,
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

/** Answers what is no HTTP, or comes too slowly: there is no request then, and so no reply. */
function refuseUnread(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = unreadStatuses[error.code ?? ''] ?? 400;
  const fault = new Fault('REQUEST_INVALID', { reason: reasonOf(error) });
  const body = JSON.stringify({ error: errorOf(fault) });
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${String(Buffer.byteLength(body))}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** See {@link createApp}. */
export type App = ReturnType<typeof createApp>;
