import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { packageVersion } from '../base/package-root.ts';
import type { App } from './fastify-app.ts';
import { errorAnswer } from './schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Parts of a request that no schema of fastify checks, as the handler reads them itself. */
    multipart?: z.ZodType;
    /** Type of an answer that is not JSON. */
    binary?: string;
  }
}

/** Describes the routes that are added afterwards, by the very schemas that check them. */
export async function registerOpenApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Autotag',
        version: packageVersion,
        description: 'Tags photos, finds them by their tags, and shows and runs the cluster that does it.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'autotag_session' },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: (described) => {
      const { schema, url } = jsonSchemaTransform(described);
      const { multipart, binary, role = 'operator' } = described.route.config ?? {};
      const body =
        multipart === undefined ? {} : { consumes: ['multipart/form-data'], body: z.toJSONSchema(multipart) };
      const answer = binary === undefined ? {} : { response: binaryAnswer(binary) };
      const security = role === 'anyone' ? { security: [] } : { description: `Role: ${role}` };
      return { schema: { ...schema, ...body, ...answer, ...security }, url };
    },
    transformObject: jsonSchemaTransformObject,
  });
  app.get('/openapi.json', { config: { role: 'anyone' }, schema: { hide: true } }, (_, reply) =>
    reply.send(app.swagger()),
  );
}

function binaryAnswer(type: string) {
  return {
    200: { description: 'As it is', content: { [type]: { schema: { type: 'string' } } } },
    default: {
      description: 'An error',
      content: { 'application/json': { schema: z.toJSONSchema(errorAnswer) } },
    },
  };
}
