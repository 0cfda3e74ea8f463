import { Fault } from '../../base/errors.ts';
import type { Behaviour } from '../../runtime/index.ts';
import type { BoltMessage } from './bolt-message.ts';
import type { BoltPlace } from './bolt-process.ts';

/** A task of a user's bolt: it owns the process, which has one tuple at a time, and ends with it. */
export const boltTask: Behaviour<undefined, BoltMessage, BoltPlace> = {
  kind: 'bolt',
  mailboxLimit: 256,
  init: () => {
    throw new Fault('INTERNAL', { reason: 'bolts are not built yet' });
  },
  receive: (state) => state,
};
