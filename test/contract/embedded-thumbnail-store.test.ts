import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { EmbeddedThumbnailStore } from '../../src/store/embedded-thumbnail-store.ts';
import type { ThumbnailStore } from '../../src/store/thumbnail-store.ts';
import { temporaryFolder } from '../support/model.ts';
import { thumbnailStoreContract } from './thumbnail-store.contract.ts';

const folders = new Map<ThumbnailStore, string>();

async function openIn(folder: string): Promise<ThumbnailStore> {
  const store = await EmbeddedThumbnailStore.open(path.join(folder, 'thumbnails.db'));
  folders.set(store, folder);
  return store;
}

thumbnailStoreContract('the embedded database', {
  create: async () => openIn(await mkdtemp(path.join(tmpdir(), 'autotag-thumbnails-'))),
  reopen: (store) => openIn(folders.get(store)!),
  destroy: async (store) => {
    await store.close();
    await rm(folders.get(store)!, { recursive: true });
  },
});

it('is not taken for a tag store, nor the other way round', async () => {
  const folder = await temporaryFolder();
  const file = (name: string) => path.join(folder.path, name);
  await (await EmbeddedThumbnailStore.open(file('thumbnails.db'))).close();
  await (await EmbeddedTagStore.open({ file: file('tags.db') })).close();
  const wrong = { code: 'STORE_FORMAT' };
  await expect(EmbeddedThumbnailStore.open(file('tags.db'))).rejects.toMatchObject(wrong);
  await expect(EmbeddedTagStore.open({ file: file('thumbnails.db') })).rejects.toMatchObject(wrong);
  await folder.remove();
});
