import { withResolver } from '../src/base/promise-resolver.ts';
import type { StartExternal } from '../src/runtime/index.ts';

/** Feature stores as whoever supervises them sees them. */
export interface OpenedFeatureStores {
  open(): Promise<void>;
  /** Safe to repeat. */
  close(): Promise<void>;
}

/** The feature stores as a child: killed, they are opened again as after a crash. */
export function featureStoresChild(stores: OpenedFeatureStores): StartExternal {
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
