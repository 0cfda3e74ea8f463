import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import type { TagStore } from '../../src/store/tag-store.ts';
import { correctionContract } from './correction.contract.ts';
import type { TagStoreHarness, TagStoreOptions } from './tag-store-harness.ts';
import { tagStoreContract } from './tag-store.contract.ts';

const folders = new Map<TagStore, string>();

async function openIn(folder: string, options: TagStoreOptions = {}): Promise<TagStore> {
  const store = await EmbeddedTagStore.open({ file: path.join(folder, 'tags.db'), ...options });
  folders.set(store, folder);
  return store;
}

function folderOf(store: TagStore): string {
  const folder = folders.get(store);
  if (folder === undefined) throw new Error('not a store of this suite');
  return folder;
}

const harness: TagStoreHarness = {
  create: async (options) => openIn(await mkdtemp(path.join(tmpdir(), 'autotag-store-')), options),
  reopen: (store) => openIn(folderOf(store)),
  destroy: async (store) => {
    await store.close();
    await rm(folderOf(store), { recursive: true });
  },
};

tagStoreContract('the embedded database', harness);
correctionContract('the embedded database', harness);
