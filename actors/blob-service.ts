import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { BlobExchange } from '../src/transport/blob-exchange.ts';
import type { RunBlobs } from './run-blobs.ts';

/** What the service works with. */
export interface BlobServiceOptions {
  readonly node: string;
  readonly exchange: BlobExchange;
  readonly blobs: RunBlobs;
}

/** Puts blobs of this node into the exchange for the node that asks. */
export function blobService({ node, exchange, blobs }: BlobServiceOptions): readonly Endpoint[] {
  return [
    endpoint(
      'blobOffer',
      { node },
      async ({ run, id }) => ({ there: await exchange.answer(run, id, await blobs.having(run, id)) }),
      { everyNode: true },
    ),
  ];
}
