import { join } from 'node:path';
import { EmbeddedThumbnailStore } from '../../src/store/embedded-thumbnail-store.ts';
import { SupervisedThumbnailStore } from '../../src/store/supervised-thumbnail-store.ts';

/** The thumbnail store of a data folder, open; whoever opened it closes it. */
export async function thumbnailsIn(folder: string): Promise<SupervisedThumbnailStore> {
  const thumbnails = new SupervisedThumbnailStore(() =>
    EmbeddedThumbnailStore.open(join(folder, 'thumbnails.db')),
  );
  await thumbnails.start();
  return thumbnails;
}
