import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import type { ApiContext } from '../api-context.ts';

/** A browser asks again each time, and is answered in a line as long as it is the same picture. */
const caching = 'private, no-cache';

/** Small pictures of photos. */
export function thumbnailRoutes({ app, gateway }: ApiContext): void {
  app.get(
    '/photos/:id/thumbnail',
    {
      config: { role: 'viewer', binary: 'image/webp' },
      schema: {
        tags: ['photos'],
        summary: 'A small picture of a photo, WebP',
        params: z.object({ id: z.string() }),
        headers: z.looseObject({ 'if-none-match': z.string().max(1024).optional() }),
      },
    },
    async ({ params: { id }, headers }, reply) => {
      const { thumbnail } = await gateway().ask('thumbnail', {}, { id });
      if (thumbnail === undefined) throw new Fault('NOT_FOUND', { what: 'thumbnail of the photo', id });
      const { bytes, type } = thumbnail;
      const etag = `"${thumbnail.etag}"`;
      void reply.header('etag', etag).header('cache-control', caching);
      if (headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(type).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    },
  );
}
