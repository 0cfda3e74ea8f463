import { z } from 'zod';
import type { RemoteParser } from '../../runtime/index.ts';
import { boltTuple } from '../../transport/bolt-tuple.ts';

const message = z.object({
  type: z.literal('process'),
  tuple: boltTuple,
  photo: z.instanceof(Uint8Array).optional(),
});

/** Lets the flows of other nodes call a task of a user's bolt: its `ActorOptions.remote`. */
export const tuplesOfOthers: RemoteParser = (given) => message.parse(given);
