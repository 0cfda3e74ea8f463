import type { Fault } from '../src/base/errors.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { ActorRef, Request } from '../src/runtime/index.ts';
import type { PublishedModel } from '../src/pool/published-model.ts';
import type { PhotoTags } from '../src/pool/thread-messages.ts';
import type { BoltOutput } from '../src/transport/bolt-tuple.ts';
import type { PhotoDelivery } from '../src/transport/photo-delivery.ts';

/** One photo on its way through the topology: one message of the stream, acknowledged by the last bolt. */
export interface Tuple {
  readonly delivery: PhotoDelivery;
  /** Monotonic time of the pull, ms. */
  readonly pulledAt: number;
}

/** A tuple and what the tagger found in it. */
export interface TaggedTuple extends Tuple {
  readonly found: PhotoTags;
  /** The model that the scores are of. */
  readonly model: PublishedModel;
  /** Its bytes, where bolts of users want them: those of the delivery are in the thread. */
  readonly photo?: Uint8Array | undefined;
  /** What bolts of users have added. */
  readonly output?: BoltOutput;
}

/** What the photo spout is told by the bolts. */
export type SpoutMessage =
  /** From the stream. */
  | { readonly type: 'pulled'; readonly delivery: PhotoDelivery }
  /** A tagger is there; it takes tuples until it goes down. */
  | { readonly type: 'joined'; readonly tagger: ActorRef<TaggerMessage> }
  /** A flow or writer has begun; what one before it had is lost. */
  | { readonly type: 'began'; readonly who: string }
  /** The tuple has left whoever had it for the flow or the writer. */
  | { readonly type: 'passed'; readonly delivery: PhotoDelivery; readonly to: string }
  /** The tuple could not be tagged; `charged` if the photo may be the reason. */
  | { readonly type: 'failed'; readonly tuple: Tuple; readonly fault: Fault; readonly charged: boolean }
  /** The tuple needs no lease any more: stored, buried, or handed back. */
  | { readonly type: 'settled'; readonly delivery: PhotoDelivery }
  /** Time to renew the leases. */
  | { readonly type: 'renew' }
  /** Pull no more; answered when everything is settled. */
  | Request<{ readonly type: 'drain' }, undefined>;

/** What a tagger is told. */
export type TaggerMessage =
  | { readonly type: 'tag'; readonly tuple: Tuple }
  /** Time to tell the spout, again, that this one is there. */
  | { readonly type: 'join' };

/** What the flow is told. */
export interface FlowMessage {
  readonly type: 'carry';
  readonly tuple: TaggedTuple;
}

/** What the writer is told. */
export type WriterMessage =
  | { readonly type: 'write'; readonly tuple: TaggedTuple }
  /** A batch is stored. */
  | { readonly type: 'written'; readonly tookMs: number }
  /** Time for the next batch, or to try again. */
  | { readonly type: 'due' };

/** The spout that pulls photos from the stream. */
export const photoSpoutName = new ActorName<SpoutMessage>('photos');

/** What takes tuples through users' bolts. */
export const flowName = new ActorName<FlowMessage>('flow');

/** The bolt that writes tags. */
export const writerName = new ActorName<WriterMessage>('dbwriter');
