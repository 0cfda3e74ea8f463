import type { ClusterClient } from './cluster-client.ts';
import type { NodeProcess } from './node-process.ts';
import type { Random } from './random.ts';
import type { Workload } from './workload.ts';

/** What a fault works with. */
export interface FaultContext {
  /** Has nats-server and the stores. */
  readonly node: NodeProcess;
  /** The nodes beside it. */
  readonly others: readonly NodeProcess[];
  readonly client: ClusterClient;
  readonly workload: Workload;
  readonly random: Random;
  /** Aborted when there is nothing left to disturb. */
  readonly over: AbortSignal;
}

/** Something that goes wrong while photos are tagged. */
export interface ChaosFault {
  readonly name: string;
  /** Whether it ends by itself, and is waited for. */
  readonly finite: boolean;
  /** Does it again and again until `over`; resolves to how often it was done. */
  readonly run: (context: FaultContext) => Promise<number>;
}

/** Kills a worker thread, any of `threads`, every `everyMs`; at most `times` if given. */
export function killThreads(threads: number, everyMs: number, times = Infinity): ChaosFault {
  return repeated('threads killed', everyMs, times, ({ client, random }) =>
    client.control('kill', `thread-${String(random.below(threads))}`),
  );
}

/** Kills an actor by name, any of `names`, every `everyMs`. */
export function killActors(names: readonly string[], everyMs: number): ChaosFault {
  return repeated('actors killed', everyMs, Infinity, ({ client, random }) =>
    client.control('kill', names[random.below(names.length)]),
  );
}

/** Kills the tag store's threads every `everyMs`. */
export function killTagStore(everyMs: number): ChaosFault {
  return repeated('tag stores killed', everyMs, Infinity, async ({ client }) => {
    const store = (await client.processes()).find(({ child }) => child === 'tag-store');
    if (store === undefined) throw new Error('the tag store does not run');
    await client.control('kill', store.pid);
  });
}

/** Kills the whole node (SIGKILL) and starts it again, `times` times, spread over the workload. */
export function killNode(times: number): ChaosFault {
  return spread('nodes killed', times, async ({ node }) => {
    await node.kill();
    // Where nats-server is killed just while the node starts, the start fails, and whoever keeps nodes alive tries again.
    await node.start().catch(() => node.start());
  });
}

/**
 * Kills one of the other nodes (SIGKILL) and starts it again, `times` times, spread over the workload.
 * @param recoveriesMs - is told each time how long it was until every photo that was acknowledged before had its row
 */
export function killOtherNode(times: number, recoveriesMs?: number[]): ChaosFault {
  return spread('other nodes killed', times, async (context) => {
    const { others, random } = context;
    const node = others[random.below(others.length)]!;
    await node.kill();
    if (recoveriesMs !== undefined) recoveriesMs.push(await settlingMs(context));
    await node.start().catch(() => node.start());
  });
}

/** How long it is until every photo that is acknowledged by now has its row or is a dead letter, ms. */
async function settlingMs({ client, workload, over }: FaultContext): Promise<number> {
  const started = performance.now();
  let open = [...workload.acknowledged.keys()];
  while (open.length > 0) {
    open = open.filter((id) => !client.results.has(id));
    // The event of a row that was stored in the last moment of a node is lost.
    const [id] = open;
    if (id !== undefined && (await client.photo(id)).result !== undefined) open.shift();
    if (await pause(20, over)) break;
  }
  return performance.now() - started;
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

/** Puts the topology of photos on one node and on all of them in turns, `times` times, spread over the workload. */
export function rebalancePhotos(times: number, nodes: number): ChaosFault {
  let isSpread = true;
  return spread('rebalances', times, async ({ client }) => {
    isSpread = !isSpread;
    await client.ask('topologyRebalance', {}, { name: 'photos', nodes: isSpread ? nodes : 1 });
  });
}

/** Lets the spouts of the topology of photos take nothing new for `forMs`, `times` times, spread over the workload. */
export function deactivatePhotos(times: number, forMs: number): ChaosFault {
  return spread('deactivations', times, async ({ client, over }) => {
    await client.ask('topologyDeactivate', {}, { name: 'photos' });
    await pause(forMs, over);
    await client.ask('topologyActivate', {}, { name: 'photos' });
  });
}

/** Kills nats-server (SIGKILL), `times` times, spread over the workload; the node starts it again. */
export function killNatsServer(times: number): ChaosFault {
  return spread('nats-servers killed', times, ({ node }) => node.data.killNatsServer());
}

/** Puts the next of these models in use, `times` times, spread over the workload. */
export function swapModels(models: readonly string[], times: number): ChaosFault {
  let next = 0;
  return spread('models swapped', times, async ({ client }) => {
    await client.activate(models[next++ % models.length] ?? '');
  });
}

const againMs = 200;

/** What cannot be done right now, since another fault was faster, is tried again. */
function repeated(
  name: string,
  everyMs: number,
  times: number,
  act: (context: FaultContext) => Promise<unknown>,
): ChaosFault {
  return {
    name,
    finite: times < Infinity,
    run: async (context) => {
      let done = 0;
      let waitMs = everyMs * context.random.fraction();
      while (done < times && !(await pause(waitMs, context.over))) {
        const succeeded = await act(context).then(
          () => true,
          () => false,
        );
        if (succeeded) done += 1;
        waitMs = succeeded ? everyMs : Math.min(everyMs, againMs);
      }
      return done;
    },
  };
}

/** At equal distances over the workload: 3 are at a quarter, a half and three quarters. */
function spread(name: string, times: number, act: (context: FaultContext) => Promise<void>): ChaosFault {
  return {
    name,
    finite: true,
    run: async (context) => {
      for (let done = 0; done < times; done++) {
        while (context.workload.progress < (done + 1) / (times + 1))
          if (await pause(20, context.over)) return done;
        await act(context);
      }
      return times;
    },
  };
}

/** Waits; resolves at once, to true, when it is over. */
function pause(ms: number, over: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      over.removeEventListener('abort', end);
      resolve(over.aborted);
    };
    const timer = setTimeout(end, ms);
    over.addEventListener('abort', end);
    if (over.aborted) end();
  });
}
