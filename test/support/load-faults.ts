import type { ChaosFault, FaultContext } from './fault-schedule.ts';
import { inTurn, pause } from './fault-schedule.ts';
import { isAtWork } from './node-faults.ts';
import { measureDip, throughput } from './throughput.ts';
import { until } from './until.ts';

/** Takes down what a change costs in throughput, under its name. */
export async function dipOf(
  { client, measured }: FaultContext,
  name: string,
  act: () => Promise<unknown>,
): Promise<void> {
  const { before, lowest1, lowest5, below90Ms } = await measureDip(client, act);
  measured(`${name}: photos a second before`, before);
  measured(`${name}: dip in the worst second, %`, 100 - lowest1);
  measured(`${name}: dip in the worst five seconds, %`, 100 - lowest5);
  measured(`${name}: below 90 %, ms`, below90Ms);
}

/** From one node to all of them and back, `times` times, and what that costs. The topology is on one node before. */
export function rebalanceDips(times: number): ChaosFault {
  return inTurn('rebalances there and back', times, 1_000, async (context) => {
    const { client, node, others } = context;
    const put = (nodes: number) => client.ask('topologyRebalance', {}, { name: 'photos', nodes });
    const work = async (wanted: boolean) => {
      await until(async () => {
        const working = await Promise.all(others.map((one) => isAtWork(client, one)));
        return working.every((works) => works === wanted);
      });
    };
    const all = 1 + others.length;
    await dipOf(context, `1 to ${String(all)} nodes`, async () => {
      await put(all);
      await work(true);
    });
    await dipOf(context, `${String(all)} to 1 node`, async () => {
      await put(1);
      await work(false);
    });
    if (!(await isAtWork(client, node))) context.violated('the topology is not on the first node');
  });
}

/** Throughput without any trouble, then while a thread is killed every `everyMs`, for `forMs` each. */
export function killThreadsBesideUndisturbed(threads: number, everyMs: number, forMs: number): ChaosFault {
  return {
    name: 'threads killed',
    finite: true,
    run: async (context) => {
      const { client, measured } = context;
      measured('photos a second, undisturbed', await throughput(client, forMs));
      const phase = new AbortController();
      const killed = killSteadily({ ...context, over: phase.signal }, threads, everyMs);
      measured('photos a second, threads killed', await throughput(client, forMs));
      phase.abort();
      return await killed;
    },
  };
}

/** Kills any thread that runs, every `everyMs`, whether or not the last one is dead; resolves to how many were killed. */
async function killSteadily(context: FaultContext, threads: number, everyMs: number): Promise<number> {
  const kills: Promise<boolean>[] = [];
  while (!(await pause(everyMs, context.over))) kills.push(killAnyThread(context, threads));
  return (await Promise.all(kills)).filter((killed) => killed).length;
}

/** Goes from thread to thread, since one that is just starting cannot be killed. */
async function killAnyThread({ client, random }: FaultContext, threads: number): Promise<boolean> {
  const first = random.below(threads);
  for (let next = 0; next < threads; next++) {
    const thread = `thread-${String((first + next) % threads)}`;
    const killed = await client.control('kill', thread).then(
      () => true,
      () => false,
    );
    if (killed) return true;
  }
  return false;
}
