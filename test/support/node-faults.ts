import { z } from 'zod';
import { Fault } from '../../src/base/errors.ts';
import { request } from '../../src/transport/requests.ts';
import type { ClusterClient } from './cluster-client.ts';
import { inTurn, pause, spread, type ChaosFault, type FaultContext } from './fault-schedule.ts';
import type { NodeProcess } from './node-process.ts';

/** Figures that {@link recoverFromKills} takes down. */
export const recovery = {
  waited: 'all photos of a killed node have their rows, ms',
  photos: 'photos of a killed node',
  answered: 'a search is answered, ms',
} as const;

const pollMs = 20;
/** Longer than any answer takes. */
const answerMs = 2_000;
/** A node that is busy has at least so many photos at some moment. */
const fewPhotos = 4;
const untilBusyMs = 10_000;

/** Kills one of the other nodes (SIGKILL) and starts it again, `times` times, spread over the workload. */
export function killOtherNode(times: number): ChaosFault {
  return spread('other nodes killed', times, (context) =>
    inHand(context, context.others, async (node) => {
      await node.kill();
      await startAgain(node);
    }),
  );
}

/** Holds one of the other nodes (SIGSTOP) for `forMs`, `times` times, spread over the workload. */
export function pauseOtherNode(times: number, forMs: number): ChaosFault {
  return spread('other nodes paused', times, (context) =>
    inHand(context, context.others, async (node) => {
      node.signal('SIGSTOP');
      await pause(forMs, context.over);
      node.signal('SIGCONT');
    }),
  );
}

/** Kills one of the other nodes (SIGKILL) while it has photos, and measures how long it is until each of those has its row. */
export function recoverFromKills(times: number): ChaosFault {
  return inTurn('other nodes killed', times, 1_000, async (context) => {
    const { others, random } = context;
    await recoverFromKill(context, others[random.below(others.length)]!);
  });
}

/** Does the same with each node in turn, the first one among them, and measures how long it is until somebody answers a search. */
export function recoverFromAnyKill(times: number): ChaosFault {
  let next = 0;
  return inTurn('nodes killed', times, 1_000, (context) => {
    const nodes = [context.node, ...context.others];
    return recoverFromKill(context, nodes[next++ % nodes.length]!, untilAnswered);
  });
}

async function recoverFromKill(
  context: FaultContext,
  node: NodeProcess,
  meanwhile: (context: FaultContext) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { client, measured } = context;
  let had: string[] = [];
  await node.kill(async () => {
    had = await photosOf(client, node);
  });
  const killedAt = performance.now();
  const waiting = had.filter((id) => !client.results.has(id));
  measured(recovery.photos, waiting.length);
  await Promise.all([
    untilSettled(context, waiting).then(() => {
      measured(recovery.waited, performance.now() - killedAt);
    }),
    meanwhile(context),
  ]);
  await startAgain(node);
}

/** A search that the node has heard of that is just being killed has no answer. */
async function untilAnswered({ client, measured, over }: FaultContext): Promise<void> {
  const askedAt = performance.now();
  do {
    try {
      await request(client.connection, 'search', {}, { query: 'cat OR dog' }, answerMs);
      measured(recovery.answered, performance.now() - askedAt);
      return;
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'NODE_UNAVAILABLE')) throw error;
    }
  } while (!(await pause(pollMs, over)));
}

/** Does something to one of these nodes, which no other fault has in hand meanwhile. */
export async function inHand(
  { random, busy, over }: FaultContext,
  nodes: readonly NodeProcess[],
  act: (node: NodeProcess) => Promise<void>,
): Promise<void> {
  for (;;) {
    const free = nodes.filter((one) => !busy.has(one));
    const node = free[random.below(free.length)];
    if (node !== undefined) {
      busy.add(node);
      await act(node).finally(() => busy.delete(node));
      return;
    }
    if (await pause(pollMs, over)) return;
  }
}

/** Where nats-server is killed just while the node starts, the start fails, and whoever keeps nodes alive tries again. */
export async function startAgain(node: NodeProcess): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await node.start();
      return;
    } catch (error) {
      if (tries === mostStarts) throw error;
    }
  }
}

const mostStarts = 5;

const spout = z.looseObject({
  held: z.array(z.looseObject({ id: z.string() })),
  taggers: z.record(z.string(), z.number()),
});

/** Ids of the photos that a node has under lease, as soon as they are more than a few. */
export async function photosOf(client: ClusterClient, { name }: NodeProcess): Promise<string[]> {
  const deadline = performance.now() + untilBusyMs;
  for (;;) {
    const { held } = spout.parse(await client.inspect('state', 'photos', name));
    if (held.length >= fewPhotos || (held.length > 0 && performance.now() > deadline))
      return held.map(({ id }) => id);
  }
}

/** Whether a node takes photos. */
export async function isAtWork(client: ClusterClient, { name }: NodeProcess): Promise<boolean> {
  try {
    const { taggers } = spout.parse(await client.inspect('state', 'photos', name));
    return Object.keys(taggers).length > 0;
  } catch {
    return false;
  }
}

/** Waits until each of these photos has its row or is a dead letter. */
export async function untilSettled({ client, over }: FaultContext, ids: readonly string[]): Promise<void> {
  let open = [...ids];
  while (open.length > 0 && !(await pause(pollMs, over))) {
    open = open.filter((id) => !client.results.has(id));
    // The event of a row that was stored in the last moment of a node is lost.
    const [id] = open;
    if (id !== undefined && (await hasRow(client, id))) open.shift();
  }
}

/** Whether a photo has its row, as far as somebody answers who is not just being killed. */
async function hasRow({ connection }: ClusterClient, id: string): Promise<boolean> {
  try {
    return (await request(connection, 'photo', {}, { id }, answerMs)).result !== undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === 'NODE_UNAVAILABLE') return false;
    throw error;
  }
}
