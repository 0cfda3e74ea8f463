import { z } from 'zod';
import { exchanges } from '../../transport/payloads.ts';
import type { ApiContext } from '../api-context.ts';
import { answers, numberIn } from '../schemas.ts';

const { photos, ...page } = exchanges.search.reply.shape;
const config = { role: 'viewer' } as const;
const tags = ['photos'];

/** Photos by their tags, and tags by their beginning. */
export function searchRoutes({ app, gateway }: ApiContext): void {
  app.get(
    '/search',
    {
      config,
      schema: {
        tags,
        summary: 'Finds photos by their tags',
        querystring: z.object({
          q: z.string().max(4096).describe('`beach OR coast -people score>0.8 owner:alice "two words"`'),
          limit: numberIn(1, 1000).default(20),
          after: z.string().max(1024).optional().describe('`next` of the page before'),
          facets: numberIn(0, 100)
            .default(0)
            .describe('How many of the most frequent tags of all that is found are wanted, and its number'),
        }),
        response: answers(z.object({ hits: photos, ...page })),
      },
    },
    async ({ query: { q, ...wanted } }) => {
      const { photos: hits, ...rest } = await gateway().ask('search', {}, { query: q, ...wanted });
      return { hits, ...rest };
    },
  );
  app.get(
    '/tags',
    {
      config,
      schema: {
        tags,
        summary: 'Tags that photos have, those of most photos first',
        querystring: z.object({
          prefix: z.string().max(1024).default('').describe('How they begin; case makes no difference'),
          limit: numberIn(1, 50).default(20),
        }),
        response: answers(exchanges.tags.reply),
      },
    },
    ({ query }) => gateway().ask('tags', {}, query),
  );
}
