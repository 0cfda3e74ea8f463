import { clusterKeys, type ClusterRecords } from '../transport/cluster-records.ts';
import type { LeaseHolder } from '../transport/key-lease.ts';

/** Where the results of the cluster are, as a node sees it. */
export type StorePlace =
  /** This node has them, and the runs; other nodes as well where they are in a database. */
  | { readonly at: 'own'; readonly shared: boolean }
  /** In a database that this node uses as well; another one has the runs. */
  | { readonly at: 'shared'; readonly node: string }
  | { readonly at: 'other'; readonly node: string }
  /** No node has claimed them yet. */
  | { readonly at: 'nowhere' };

/** Who asks. */
export interface StoreClaimant extends Pick<LeaseHolder, 'node' | 'folder'> {
  /** Whether it has been given a database. */
  readonly hasDatabase: boolean;
}

/**
 * Tells where the results are, for a node that takes none.
 * @throws Fault `NATS_UNREACHABLE`
 */
export async function findStore(
  { store }: Pick<ClusterRecords, 'store'>,
  self: Omit<StoreClaimant, 'hasDatabase'>,
): Promise<StorePlace> {
  const found = await store.get(clusterKeys.store);
  if (found === undefined) return { at: 'nowhere' };
  return isOwn(found.value, self)
    ? { at: 'own', shared: found.value.shared }
    : { at: 'other', node: found.value.node };
}

/**
 * Claims results and runs for this node, for good, unless another node has them: the first one that can hold them does. A node
 * that came back with a new data folder keeps them as well, its name stands for it. Where the results are in a database, others may use
 * them as well.
 * @throws Fault `NATS_UNREACHABLE`, `DISK_RESERVE`
 */
export async function claimStore(
  records: Pick<ClusterRecords, 'store'>,
  self: StoreClaimant,
): Promise<StorePlace> {
  const { node, folder, hasDatabase: shared } = self;
  for (;;) {
    const found = await records.store.get(clusterKeys.store);
    if (found !== undefined && !isOwn(found.value, self))
      return { at: shared && found.value.shared ? 'shared' : 'other', node: found.value.node };
    const { value } = found ?? {};
    if (value?.node === node && value.folder === folder && value.shared === shared)
      return { at: 'own', shared };
    const revision = found?.revision ?? 0;
    if ((await records.store.put(clusterKeys.store, { node, folder, shared }, revision)) !== undefined)
      return { at: 'own', shared };
  }
}

/** Whether a node uses a database that has the results. */
export function isShared(place: StorePlace): boolean {
  return place.at === 'shared' || (place.at === 'own' && place.shared);
}

type Self = Pick<LeaseHolder, 'node' | 'folder'>;

function isOwn(place: Self, self: Self): boolean {
  return place.node === self.node || place.folder === self.folder;
}
