import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../base/errors.ts';
import { checkRole } from './access.ts';
import type { ApiContext } from './api-context.ts';
import type { App } from './fastify-app.ts';
import { registerOpenApi } from './openapi.ts';
import { clusterRoutes } from './routes/cluster.ts';
import { correctionRoutes } from './routes/corrections.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { eventRoutes } from './routes/events.ts';
import { jobRoutes } from './routes/jobs.ts';
import { modelRoutes } from './routes/models.ts';
import { photoRoutes } from './routes/photos.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { searchRoutes } from './routes/search.ts';
import { sessionRoutes } from './routes/session.ts';
import { thumbnailRoutes } from './routes/thumbnails.ts';
import { checkOrigin, type OriginOptions } from './same-origin.ts';

/** How the API is served. */
export interface ApiOptions extends Omit<ApiContext, 'app'> {
  readonly origin: OriginOptions;
  /** Of one client, a minute. */
  readonly requestsPerMinute: number;
}

const minuteMs = 60_000;
/** Requests of one address, a minute, whose token is not known. */
const failuresAtMost = 60;

/** Adds the API below `/api/v1`. */
export async function registerApi(root: App, options: ApiOptions): Promise<void> {
  await root.register(
    async (plugin) => {
      const app = plugin as unknown as App;
      await app.register(multipart, { throwFileSizeLimit: false });
      if (options.origin.origins.length > 0)
        await app.register(cors, {
          origin: [...options.origin.origins],
          methods: ['GET', 'POST', 'PUT', 'DELETE'],
          maxAge: 600,
        });
      await admission(app, options);
      await registerOpenApi(app);
      const context = { ...options, app };
      for (const add of routes) add(context);
    },
    { prefix: '/api/v1' },
  );
}

const routes = [
  photoRoutes,
  correctionRoutes,
  thumbnailRoutes,
  searchRoutes,
  jobRoutes,
  scheduleRoutes,
  modelRoutes,
  clusterRoutes,
  deadLetterRoutes,
  eventRoutes,
  sessionRoutes,
];

/** What every request has to pass: where it comes from, whose it is, what that may do, how often. */
async function admission(app: App, { access, origin, requestsPerMinute }: ApiOptions): Promise<void> {
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('cache-control', 'no-store');
    checkOrigin(request, origin);
    const { role = 'operator' } = request.routeOptions.config;
    if (role === 'anyone') return;
    try {
      request.principal = await access.principal(request);
    } catch (error) {
      await countFailure(request);
      throw error;
    }
    checkRole(request.principal, role);
  });
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: minuteMs,
    keyGenerator: ({ principal, ip }) => (principal?.name === undefined ? ip : `token ${principal.name}`),
    errorResponseBuilder: (_, { ttl }) => tooMany(ttl),
  });
  const failures = app.createRateLimit({
    max: failuresAtMost,
    timeWindow: minuteMs,
    keyGenerator: ({ ip }) => `failed ${ip}`,
  });
  const countFailure = async (request: FastifyRequest) => {
    const seen = await failures(request);
    if (!seen.isAllowed && seen.isExceeded) throw tooMany(seen.ttl);
  };
}

function tooMany(ttlMs: number): Fault {
  return new Fault('RATE_LIMIT', { seconds: Math.ceil(ttlMs / 1_000) });
}
