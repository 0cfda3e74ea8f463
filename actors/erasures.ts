import { Fault } from '../src/base/errors.ts';
import type { Behaviour } from '../src/runtime/index.ts';
import type { PostgresFeatureStores } from '../src/store/postgres-feature-stores.ts';

/** What follows the erasures. */
export interface ErasuresArgument {
  readonly features: Pick<PostgresFeatureStores, 'followErasures'>;
  /** Has runs do without a photo. */
  readonly tell: (photo: string) => Promise<unknown>;
}

/** Other nodes forget photos as well; the database is asked so often. */
const periodMs = 2_000;

/**
 * Sees to it that photos which any node has forgotten are in nothing that models are trained on: the node that has the runs is told by the
 * database, whenever it is there.
 */
export const erasures: Behaviour<ErasuresArgument, { readonly type: 'look' }, ErasuresArgument> = {
  kind: 'erasures',
  init: (argument, context) => {
    context.self.cast({ type: 'look' });
    return argument;
  },
  receive: async (state, _look, context) => {
    try {
      await state.features.followErasures(state.tell);
    } catch (error) {
      context.log.debug({ fault: Fault.from(error).toWire() }, 'forgotten photos are looked for again');
    }
    context.after(periodMs, { type: 'look' });
    return state;
  },
};
