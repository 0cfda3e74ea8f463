import { pause, repeated, spread, type ChaosFault } from './fault-schedule.ts';
import { inHand, startAgain } from './node-faults.ts';

/**
 * Kills a worker thread, any of `threads`, every `everyMs`; at most `times` if given.
 *
 * One cannot be paused: SIGSTOP holds all threads of a process, and what holds one from within is a photo that hangs.
 */
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
  return spread('nodes killed', times, (context) =>
    inHand(context, [context.node], async (node) => {
      await node.kill();
      await startAgain(node);
    }),
  );
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
