import type { WireFault } from '../../base/errors.ts';
import type { FeatureSnapshot } from '../feature-store/feature-snapshot.ts';
import type { JoinedTrainingSet, JoinInput, JoinProgress } from './join-training-set.ts';

/** A join as a process is asked for it: plain data. */
export interface JoinRequest extends Pick<
  JoinInput,
  'labelFiles' | 'folders' | 'base' | 'scratch' | 'options'
> {
  /** The features of photos. */
  readonly snapshot: FeatureSnapshot;
  /** Folder of the blob store. */
  readonly blobs: string;
}

/** What the process says. */
export type JoinReply =
  | { readonly kind: 'progress'; readonly progress: JoinProgress }
  | { readonly kind: 'done'; readonly joined: JoinedTrainingSet }
  | { readonly kind: 'fault'; readonly fault: WireFault };
