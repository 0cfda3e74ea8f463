import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { BoltOutput } from '../../transport/bolt-tuple.ts';
import type { BoltPlace } from './bolt-process.ts';

/** What is tried, and with which photo. */
export interface BoltTrial extends Omit<BoltPlace, 'index'> {
  readonly photo: Uint8Array;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Starts a bolt, has it process one photo, and ends it.
 * @throws Fault `BOLT_START`, `BOLT_FAILED`, `BOLT_DIED`, `BOLT_DEADLINE`, `BOLT_FLOODED`, `BOLT_MEMORY`
 */
export function tryBolt(_trial: BoltTrial): Promise<BoltOutput> {
  return Promise.reject(new Fault('INTERNAL', { reason: 'bolts are not built yet' }));
}
