import { withResolver } from '../src/base/promise-resolver.ts';
import type { FeatureStores } from '../src/model/feature-store/feature-stores.ts';
import type { StartExternal } from '../src/runtime/index.ts';

/** The feature stores as a child: killed, they are opened again as after a crash. */
export function featureStoresChild(stores: FeatureStores): StartExternal {
  return async () => {
    await stores.open();
    const { promise: exited, resolve: end } = withResolver<'normal' | 'killed'>();
    return {
      exited,
      stop: async () => {
        await stores.close();
        end('normal');
      },
      kill: async () => {
        await stores.close();
        end('killed');
      },
    };
  };
}
