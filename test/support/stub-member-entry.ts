// A stub member in a process of its own, for tests that kill and stop it.
import { z } from 'zod';
import { Fault } from '../../src/base/errors.ts';
import type { MembershipEvent } from '../../src/cluster/membership.ts';
import { JsonBucket } from '../../src/transport/json-bucket.ts';
import { writeAsLeader } from '../../src/transport/led-record.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { StubMember } from './stub-member.ts';

/** What a member process tells its test. */
export type MemberMessage =
  | { readonly type: 'joined' | 'leads' | 'follows' | 'wrote' | 'held' | 'refused' }
  | { readonly type: 'member'; readonly name: string; readonly change: MembershipEvent['change'] };

const periodMs = 50;
const [url = '', name = '', folder = ''] = process.argv.slice(2);
const member = await StubMember.join(url, name, { folder });
const record = z.object({ term: z.int(), node: z.string() });
const bucket = await JsonBucket.open(member.connection, names.cluster, record);
let toldOf = 0;
let leads = false;
let holdsNext = false;

process.on('message', (message) => {
  if (message === 'hold') holdsNext = true;
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void member.stop().then(() => process.exit(0)));

tell({ type: 'joined' });
for (;;) {
  tellEvents();
  await write();
  await new Promise((resolve) => setTimeout(resolve, periodMs));
}

function tell(message: MemberMessage): void {
  process.send?.(message);
}

function tellEvents(): void {
  for (; toldOf < member.events.length; toldOf += 1) {
    const event = member.events[toldOf]!;
    if (event.type === 'member') tell({ type: 'member', name: event.member.name, change: event.change });
    else if ((event.lead !== undefined) !== leads) {
      leads = event.lead !== undefined;
      tell({ type: leads ? 'leads' : 'follows' });
    }
  }
}

/** Writes its name as leader; when it was told to hold, it stands still for a while in the middle of it. */
async function write(): Promise<void> {
  const { lead } = member;
  if (lead?.isCurrent !== true) return;
  try {
    await writeAsLeader({ get: readAndHold, put: bucket.put.bind(bucket) }, 'stub.record', {
      term: lead.term,
      node: name,
    });
    tell({ type: 'wrote' });
  } catch (error) {
    if (Fault.from(error).code === 'TERM_OVER') tell({ type: 'refused' });
    else throw error;
  }
}

async function readAndHold(key: string) {
  const found = await bucket.get(key);
  if (holdsNext) standStill();
  return found;
}

/** Long enough for the test to stop this process in it. */
function standStill(): void {
  holdsNext = false;
  process.send?.({ type: 'held' }, () => undefined);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}
