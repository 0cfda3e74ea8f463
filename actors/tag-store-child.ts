import type { StartExternal } from '../src/runtime/index.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';

/** The tag store as a child: opened again whenever it breaks down. */
export function tagStoreChild(store: SupervisedTagStore): StartExternal {
  return async () => {
    const { exited } = await store.start();
    return {
      exited: exited.then((fault) => fault ?? 'normal'),
      stop: () => store.close(),
      kill: () => store.kill(),
    };
  };
}
