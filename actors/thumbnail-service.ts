import { createHash } from 'node:crypto';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { SupervisedThumbnailStore } from '../src/store/supervised-thumbnail-store.ts';

/** One photo's thumbnail. */
export function thumbnailService(thumbnails: SupervisedThumbnailStore): readonly Endpoint[] {
  return [
    endpoint('thumbnail', {}, async ({ id }) => {
      const bytes = await thumbnails.get(id);
      if (bytes === undefined) return {};
      const etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
      return { thumbnail: { bytes, type: 'image/webp', etag } };
    }),
  ];
}
