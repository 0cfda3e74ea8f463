import { z } from 'zod';
import { apiRoles } from '../../transport/api-token.ts';
import type { ApiContext } from '../api-context.ts';
import { answers } from '../schemas.ts';

const who = z.object({
  name: z.string().optional().describe('Of the token; without, it is anybody on this machine'),
  role: z.enum(apiRoles),
});
const tags = ['session'];

/** Sessions of browsers, which send a cookie where a page cannot have them send a token. */
export function sessionRoutes({ app, access }: ApiContext): void {
  app.get(
    '/session',
    {
      config: { role: 'viewer' },
      schema: { tags, summary: 'Who asks, and in which role', response: answers(who) },
    },
    ({ principal }) => ({ name: principal?.name, role: principal?.role ?? 'viewer' }),
  );
  app.post(
    '/session',
    {
      config: { role: 'anyone' },
      schema: {
        tags,
        summary: 'Opens a session with a token; sets a cookie',
        body: z.object({ token: z.string().min(1).max(512) }),
        response: answers(who),
      },
    },
    async ({ body, protocol }, reply) => {
      const { principal, cookie } = await access.open(body.token, protocol === 'https');
      void reply.header('set-cookie', cookie);
      return principal;
    },
  );
  app.delete(
    '/session',
    {
      config: { role: 'anyone' },
      schema: { tags, summary: 'Ends the session', response: answers(z.object({ ended: z.literal(true) })) },
    },
    (request, reply) => {
      void reply.header('set-cookie', access.close(request, request.protocol === 'https'));
      return { ended: true as const };
    },
  );
}
