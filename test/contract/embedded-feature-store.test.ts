import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import { temporaryFolder } from '../support/model.ts';
import { featureStoreContract } from './feature-store.contract.ts';

const folders = new Map<unknown, Awaited<ReturnType<typeof temporaryFolder>>>();

function storesIn(folder: Awaited<ReturnType<typeof temporaryFolder>>): EmbeddedFeatureStores {
  const report = (fault: Error) => {
    throw fault;
  };
  const stores = new EmbeddedFeatureStores({
    folder: join(folder.path, 'features'),
    clock: systemClock,
    report,
  });
  folders.set(stores, folder);
  return stores;
}

featureStoreContract('a folder', {
  create: async () => storesIn(await temporaryFolder()),
  again: (stores) => storesIn(folders.get(stores)!),
  destroy: (stores) => folders.get(stores)!.remove(),
});
