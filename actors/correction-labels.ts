import { labelLine } from '../src/base/label-line.ts';
import type { BlobStore } from '../src/model/blob-store.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';

/** Where corrections are, and where a file of them may be. */
export interface CorrectionSource {
  readonly tags: Pick<SupervisedTagStore, 'corrected'>;
  readonly blobs: BlobStore;
}

/** Photos that are read at once. */
const pagePhotos = 64;

/**
 * Has all that users say of tags as a file of label data, which is gone afterwards: a photo that is forgotten stays nowhere.
 * @throws Fault `STORE_UNAVAILABLE`, `DISK_FULL`, `FILE_WRITE`, and what `use` throws
 */
export async function withCorrectionLabels<T>(
  { tags, blobs }: CorrectionSource,
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const { id } = await blobs.put(linesOf(tags));
  try {
    return await use([blobs.path(id)]);
  } finally {
    await blobs.remove(id);
  }
}

async function* linesOf(tags: CorrectionSource['tags']): AsyncGenerator<Buffer> {
  let after: number | undefined = 0;
  while (after !== undefined) {
    const { photos, next } = await tags.corrected({ limit: pagePhotos, after });
    const lines = photos.flatMap(({ photoId, corrections }) =>
      corrections.map(({ tag, verdict }) => labelLine(tag, photoId, verdict === 'accept')),
    );
    yield Buffer.from(lines.join(''), 'utf8');
    after = next;
  }
}
