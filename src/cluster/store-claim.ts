import { clusterKeys, type ClusterRecords } from '../transport/cluster-records.ts';
import type { LeaseHolder } from '../transport/key-lease.ts';

/** Where the embedded tag store of the cluster is. */
export type StorePlace =
  | { readonly at: 'own' }
  | { readonly at: 'other'; readonly node: string }
  /** No node has claimed it yet. */
  | { readonly at: 'nowhere' };

/**
 * Tells where the tag store is.
 * @throws Fault `NATS_UNREACHABLE`
 */
export async function findStore({ store }: Pick<ClusterRecords, 'store'>, self: Self): Promise<StorePlace> {
  const found = await store.get(clusterKeys.store);
  if (found === undefined) return { at: 'nowhere' };
  return isOwn(found.value, self) ? { at: 'own' } : { at: 'other', node: found.value.node };
}

/**
 * Claims the tag store for this node, for good, unless another node has it: the first one that can hold it does. A node
 * that came back with a new data folder keeps it as well, its name stands for it.
 * @throws Fault `NATS_UNREACHABLE`, `DISK_RESERVE`
 */
export async function claimStore(records: Pick<ClusterRecords, 'store'>, self: Self): Promise<StorePlace> {
  const { node, folder } = self;
  for (;;) {
    const found = await records.store.get(clusterKeys.store);
    if (found !== undefined && !isOwn(found.value, self)) return { at: 'other', node: found.value.node };
    if (found?.value.node === node && found.value.folder === folder) return { at: 'own' };
    if ((await records.store.put(clusterKeys.store, { node, folder }, found?.revision ?? 0)) !== undefined)
      return { at: 'own' };
  }
}

type Self = Pick<LeaseHolder, 'node' | 'folder'>;

function isOwn(place: Self, self: Self): boolean {
  return place.node === self.node || place.folder === self.folder;
}
