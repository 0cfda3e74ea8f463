import type { StartExternal } from '../src/runtime/index.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from '../src/store/supervised-thumbnail-store.ts';

/** A store as a child: opened again whenever it breaks down. */
export function storeChild(store: SupervisedTagStore | SupervisedThumbnailStore): StartExternal {
  return async () => {
    const { exited } = await store.start();
    return {
      exited: exited.then((fault) => fault ?? 'normal'),
      stop: () => store.close(),
      kill: () => store.kill(),
    };
  };
}
