import { z } from 'zod';
import { Connection } from '../../src/transport/connection.ts';
import { TopologyRecords } from '../../src/transport/topology-records.ts';
import type { ClusterClient } from './cluster-client.ts';
import { inTurn, pause, type ChaosFault, type FaultContext } from './fault-schedule.ts';
import { isAtWork, photosOf, startAgain, untilSettled } from './node-faults.ts';
import type { NodeProcess } from './node-process.ts';

/** The figure that these faults take down. */
export const leading = 'another node leads, ms';

const pollMs = 20;
/** Long enough for a node that woke up to do whatever it was about to do. */
const wakeMs = 5_000;

/** Kills the node that leads (SIGKILL), one of the others, and measures how long it is until another one does. */
export function killLeader(times: number): ChaosFault {
  return inTurn('leaders killed', times, 1_000, async (context) => {
    const leader = await untilOneLeads(context, context.others);
    await leader.kill();
    const killedAt = performance.now();
    await untilOneLeads(context, without(context.others, leader));
    context.measured(leading, performance.now() - killedAt);
    await startAgain(leader);
  });
}

/**
 * Holds the node that leads (SIGSTOP), one of the others, for `forMs`, which is longer than any lease; then it goes on.
 *
 * Meanwhile its photos are finished elsewhere; when it wakes up, its successor leads as before, and it takes photos again.
 */
export function pauseLeader(times: number, forMs: number): ChaosFault {
  return inTurn('leaders paused', times, 1_000, async (context) => {
    const { client, others, over, measured, violated } = context;
    const leader = await untilOneLeads(context, others);
    const had = await photosOf(client, leader);
    leader.signal('SIGSTOP');
    const wakesAt = performance.now() + forMs;
    const next = await untilOneLeads(context, without(others, leader));
    measured(leading, forMs - (wakesAt - performance.now()));
    await untilSettled(context, had);
    if (performance.now() > wakesAt)
      violated(`the photos of ${leader.name} were not finished while it was paused`);
    await pause(wakesAt - performance.now(), over);
    const before = await decisions(context, next);
    leader.signal('SIGCONT');
    for (const end = performance.now() + wakeMs; performance.now() < end; await pause(pollMs, over))
      violatedIfChanged(before, await decisions(context, next), violated);
    while (!(await isAtWork(client, leader)))
      if (await pause(pollMs, over)) violated(`${leader.name} takes no photos after its pause`);
  });
}

/** The node with the store leads no more, and will not, so that one of the others does. */
export async function leaveLeadingToOthers(client: ClusterClient): Promise<void> {
  await client.control('suspend', 'leadership', 3_600_000);
}

const leadership = z.looseObject({
  leads: z.boolean(),
  leader: z.object({ node: z.string(), term: z.number() }).optional(),
});

/** Waits until one of these nodes says that it leads. */
async function untilOneLeads(
  { client, over }: FaultContext,
  nodes: readonly NodeProcess[],
): Promise<NodeProcess> {
  for (;;) {
    for (const node of nodes) if ((await leadershipOf(client, node))?.leads === true) return node;
    if (await pause(pollMs, over)) throw new Error('nobody leads');
  }
}

async function leadershipOf(client: ClusterClient, { name }: NodeProcess) {
  try {
    return leadership.parse(await client.inspect('state', 'leadership', name));
  } catch {
    return undefined;
  }
}

/** Who leads, and who has placed the tasks of photos. */
interface Decisions {
  readonly leader: string;
  readonly term: number;
  /** Of the leader that has placed the tasks. */
  readonly placedIn: number;
}

async function decisions({ client, node, servers }: FaultContext, asked: NodeProcess): Promise<Decisions> {
  const leader = (await leadershipOf(client, asked))?.leader;
  const url = servers?.token('node') ?? (await node.address('node'));
  const connection = await Connection.open({ url, role: 'node', name: 'test' });
  try {
    const { assignments } = await (await TopologyRecords.open(connection)).read();
    return {
      leader: leader?.node ?? 'nobody',
      term: leader?.term ?? 0,
      placedIn: assignments.get('photos')?.term ?? 0,
    };
  } finally {
    await connection.close();
  }
}

function violatedIfChanged(before: Decisions, now: Decisions, violated: (what: string) => void): void {
  if (JSON.stringify(before) !== JSON.stringify(now))
    violated(`a leader that woke up changed ${JSON.stringify(before)} to ${JSON.stringify(now)}`);
}

function without(nodes: readonly NodeProcess[], one: NodeProcess): NodeProcess[] {
  return nodes.filter((node) => node !== one);
}
