import { z } from 'zod';
import { exchanges } from '../../transport/payloads.ts';
import type { ApiContext } from '../api-context.ts';
import { answers, numberIn } from '../schemas.ts';

const params = z.object({ id: z.string(), tag: z.string() });
const tags = ['photos'];
const relatedTimeoutMs = 20_000;

/** What users say of the tags of photos, and photos that look like one. */
export function correctionRoutes({ app, gateway }: ApiContext): void {
  const config = { role: 'submitter' } as const;
  const response = answers(exchanges.correct.reply);
  app.put(
    '/photos/:id/corrections/:tag',
    {
      config,
      schema: {
        tags,
        summary: 'Accepts or rejects a tag of a photo: that wins over every model',
        params,
        body: z.object({ verdict: z.enum(['accept', 'reject']) }),
        response,
      },
    },
    ({ params: { id, tag }, body: { verdict }, principal }) =>
      gateway().ask('correct', {}, { id, tags: [{ tag, verdict }], by: principal?.name ?? 'anyone' }),
  );
  app.delete(
    '/photos/:id/corrections/:tag',
    { config, schema: { tags, summary: 'Leaves a tag to the machine again', params, response } },
    ({ params: { id, tag }, principal }) =>
      gateway().ask('correct', {}, { id, tags: [{ tag, verdict: 'none' }], by: principal?.name ?? 'anyone' }),
  );
  app.get(
    '/photos/:id/related',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Photos that look like one, the most similar first',
        params: params.pick({ id: true }),
        querystring: z.object({ limit: numberIn(1, 100).default(20) }),
        response: answers(z.object({ hits: exchanges.related.reply.shape.photos })),
      },
    },
    async ({ params: { id }, query: { limit } }) => {
      const { photos } = await gateway().ask('related', {}, { id, limit }, { timeoutMs: relatedTimeoutMs });
      return { hits: photos };
    },
  );
}
