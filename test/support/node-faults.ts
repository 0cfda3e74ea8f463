import { z } from 'zod';
import type { ClusterClient } from './cluster-client.ts';
import { inTurn, pause, spread, type ChaosFault, type FaultContext } from './fault-schedule.ts';
import type { NodeProcess } from './node-process.ts';

/** Figures that these faults take down. */
export const figures = {
  recovery: 'photos of a killed node have their rows, ms',
  waiting: 'photos that a killed node had',
  leader: 'another node leads, ms',
} as const;

/** Kills one of the other nodes (SIGKILL) and starts it again, `times` times, spread over the workload. */
export function killOtherNode(times: number): ChaosFault {
  return spread('other nodes killed', times, async ({ others, random }) => {
    const node = others[random.below(others.length)]!;
    await node.kill();
    await startAgain(node);
  });
}

/** Holds one of the other nodes (SIGSTOP) for `forMs`, `times` times, spread over the workload. */
export function pauseOtherNode(times: number, forMs: number): ChaosFault {
  return spread('other nodes paused', times, async ({ others, random, over }) => {
    const node = others[random.below(others.length)]!;
    node.signal('SIGSTOP');
    await pause(forMs, over);
    node.signal('SIGCONT');
  });
}

/** Kills one of the other nodes (SIGKILL) while it has photos, and measures how long it is until each of those has its row. */
export function recoverFromKills(times: number): ChaosFault {
  return inTurn('other nodes killed', times, 1_000, async (context) => {
    const { client, others, random, measured } = context;
    const node = others[random.below(others.length)]!;
    let had: string[] = [];
    await node.kill(async () => {
      had = await photosOf(client, node);
    });
    const killedAt = performance.now();
    const waiting = had.filter((id) => !client.results.has(id));
    measured(figures.waiting, waiting.length);
    await untilSettled(context, waiting);
    measured(figures.recovery, performance.now() - killedAt);
    await startAgain(node);
  });
}

/** Kills the node that leads (SIGKILL), one of the others, and measures how long it is until another one does. */
export function killLeader(times: number): ChaosFault {
  return inTurn('leaders killed', times, 1_000, async ({ client, others, measured, over }) => {
    const leader = await untilOneLeads(client, others, over);
    await leader.kill();
    const killedAt = performance.now();
    await untilOneLeads(
      client,
      others.filter((node) => node !== leader),
      over,
    );
    measured(figures.leader, performance.now() - killedAt);
    await startAgain(leader);
  });
}

/** The node with the store leads no more, and will not, so that one of the others does. */
export async function leaveLeadingToOthers(client: ClusterClient): Promise<void> {
  await client.control('suspend', 'leadership');
}

/** Where nats-server is killed just while the node starts, the start fails, and whoever keeps nodes alive tries again. */
export async function startAgain(node: NodeProcess): Promise<void> {
  await node.start().catch(() => node.start());
}

const lead = z.looseObject({ leads: z.boolean() });
const spout = z.looseObject({ held: z.array(z.looseObject({ id: z.string() })) });
const pollMs = 20;
/** A node that is busy has at least so many photos at some moment. */
const fewPhotos = 4;
const untilBusyMs = 10_000;

/** Waits until one of these nodes says that it leads. */
export async function untilOneLeads(
  client: ClusterClient,
  nodes: readonly NodeProcess[],
  over: AbortSignal,
): Promise<NodeProcess> {
  for (;;) {
    for (const node of nodes) if (await leads(client, node)) return node;
    if (await pause(pollMs, over)) throw new Error('nobody leads');
  }
}

async function leads(client: ClusterClient, { name }: NodeProcess): Promise<boolean> {
  try {
    return lead.parse(await client.inspect('state', 'leadership', name)).leads;
  } catch {
    return false;
  }
}

/** Ids of the photos that a node has under lease, as soon as they are more than a few. */
async function photosOf(client: ClusterClient, { name }: NodeProcess): Promise<string[]> {
  const deadline = performance.now() + untilBusyMs;
  for (;;) {
    const { held } = spout.parse(await client.inspect('state', 'photos', name));
    if (held.length >= fewPhotos || (held.length > 0 && performance.now() > deadline))
      return held.map(({ id }) => id);
  }
}

/** Waits until each of these photos has its row or is a dead letter. */
async function untilSettled({ client, over }: FaultContext, ids: readonly string[]): Promise<void> {
  let open = [...ids];
  while (open.length > 0 && !(await pause(pollMs, over))) {
    open = open.filter((id) => !client.results.has(id));
    // The event of a row that was stored in the last moment of a node is lost.
    const [id] = open;
    if (id !== undefined && (await client.photo(id)).result !== undefined) open.shift();
  }
}
