// A process with one task of a bolt, as a node has it: `bolt-node-entry PLACE`. It tells the bolt's process id, and is killed.
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { BoltProcess, type BoltPlace } from '../../src/cluster/bolt/bolt-process.ts';
import { tuple } from './bolts.ts';

const place = JSON.parse(process.argv[2] ?? '') as BoltPlace;
const bolt = await BoltProcess.start({ ...place, clock: systemClock, log: silentLog });
void bolt.process(tuple).catch(() => undefined);
process.send?.(bolt.pid);
