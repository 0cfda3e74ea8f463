import { expect, test } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { BoltCalls, isCharged } from '../../../src/cluster/bolt/bolt-calls.ts';
import type { BoltMessage } from '../../../src/cluster/bolt/bolt-message.ts';
import type { BoltPlan, PlannedBolt } from '../../../src/cluster/bolt/bolt-plan.ts';
import type { ActorRef } from '../../../src/runtime/index.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { tuple } from '../../support/bolts.ts';

const bolt: PlannedBolt = {
  component: 'exif',
  program: { command: ['true'], reads: 'tuple', deadlineMs: 1_000, memoryBytes: 2 ** 28 },
  groupings: [{ type: 'shuffle' }],
  after: [],
  tasks: [{ index: 0, node: 'n2' }],
};
const plan: BoltPlan = { topology: 'photos', bolts: [bolt], kept: ['exif'], nodes: 2 };

/** How a call ends whose task always answers with this fault. */
async function outcome(answer: Fault): Promise<Fault> {
  const clock = new SimulatedClock();
  const ref = { call: () => Promise.reject(answer) } as unknown as ActorRef<BoltMessage>;
  const calls = new BoltCalls({ node: 'n1', ref: () => ref, plan: () => plan, clock });
  const asked = calls.ask({ bolt, tuple, photo: undefined, check: () => undefined }).then(
    () => expect.unreachable(),
    (error: unknown) => Fault.from(error),
  );
  for (let second = 0; second < 70; second += 1) await clock.advance(1_000);
  return asked;
}

test('a task that is not there costs a tuple nothing, after a minute', async () => {
  const fault = await outcome(new Fault('ACTOR_DOWN', { name: 'n2:bolt', reason: 'noproc' }));
  expect(fault.code).toBe('BOLT_AWAY');
  expect(isCharged(fault)).toBe(false);
});

test('a tuple that cannot be sent costs an attempt: no task is to blame, nor will another one do', async () => {
  const fault = await outcome(new Fault('REQUEST_INVALID', { reason: 'it has 9 bytes; ask for less' }));
  expect(fault.message).toMatch(/exif failed.*cannot be sent to or from n2.*9 bytes/);
  expect(isCharged(fault)).toBe(true);
});
