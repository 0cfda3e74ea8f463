import { ActorName, type Request } from '../../runtime/index.ts';
import type { BoltOutput, BoltTuple } from '../../transport/bolt-tuple.ts';

/** What the task of a user's bolt is told: a tuple, and the photo's bytes where its program reads them. */
export type BoltMessage = Request<
  { readonly type: 'process'; readonly tuple: BoltTuple; readonly photo?: Uint8Array },
  BoltOutput
>;

/** The name of a task of a user's bolt, the same on every node. */
export function boltName(topology: string, component: string, index: number): ActorName<BoltMessage> {
  return new ActorName(`bolt/${topology}/${component}/${String(index)}`);
}
