import { z } from 'zod';
import { exchanges } from '../../transport/payloads.ts';
import type { ApiContext } from '../api-context.ts';
import { answers, numberIn } from '../schemas.ts';

const { photos, next } = exchanges.search.reply.shape;

/** Photos by their tags. */
export function searchRoutes({ app, gateway }: ApiContext): void {
  app.get(
    '/search',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['photos'],
        summary: 'Finds photos by their tags',
        querystring: z.object({
          q: z.string().max(4096).describe('`beach sunset -people score>0.8 "two words"`'),
          limit: numberIn(1, 1000).default(20),
          after: z.string().max(1024).optional().describe('`next` of the page before'),
        }),
        response: answers(z.object({ hits: photos, next })),
      },
    },
    async ({ query: { q, limit, after } }) => {
      const page = await gateway().ask('search', {}, { query: q, limit, after });
      return { hits: page.photos, next: page.next };
    },
  );
}
