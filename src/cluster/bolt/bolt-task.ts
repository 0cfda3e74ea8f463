import { Fault } from '../../base/errors.ts';
import type { Behaviour } from '../../runtime/index.ts';
import type { BoltMessage } from './bolt-message.ts';
import { BoltProcess, type BoltPlace } from './bolt-process.ts';

/**
 * A task of a user's bolt. It owns a process, hands it one tuple after the other, and ends with it: the one whose tuple the
 * process had is told why, those that wait find the actor down, and the supervisor starts both again.
 */
export const boltTask: Behaviour<BoltProcess, BoltMessage, BoltPlace> = {
  kind: 'bolt',
  mailboxLimit: 256,
  init: async (place, context) => {
    const { log, clock, ending } = context;
    const process = await BoltProcess.start({ ...place, log, clock, ending });
    void process.exited.then((fault) => {
      context.stop(fault);
    });
    return process;
  },
  receive: async (process, { tuple, photo, reply }) => {
    // It had no tuple: whoever asks finds the actor down, and nobody is charged.
    if (process.hasEnded()) throw await process.exited;
    try {
      reply.ok(await process.process(tuple, photo));
    } catch (error) {
      reply.fail(Fault.from(error));
    }
    if (process.hasEnded()) throw await process.exited;
    return process;
  },
  terminate: (process) => process.stop(),
  describe: (process) => process.describe(),
};
