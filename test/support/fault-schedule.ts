import type { ClusterClient } from './cluster-client.ts';
import type { Machine } from './machines.ts';
import type { NatsCluster } from './nats-cluster.ts';
import type { NodeProcess } from './node-process.ts';
import type { Random } from './random.ts';
import type { Workload } from './workload.ts';

/** What a fault works with. */
export interface FaultContext {
  /** Has the stores, and nats-server unless there are {@link servers}. */
  readonly node: NodeProcess;
  /** The nodes beside it. */
  readonly others: readonly NodeProcess[];
  /** Where the cluster is on nats-servers of its own. */
  readonly servers: NatsCluster | undefined;
  /** One of each node in their order, where they are on such. */
  readonly machines: readonly Machine[];
  /** Nodes that a fault has in hand: no other one kills or holds them meanwhile. */
  readonly busy: Set<NodeProcess>;
  readonly client: ClusterClient;
  readonly workload: Workload;
  /** Of this fault alone, so that what it draws does not depend on when others draw. */
  readonly random: Random;
  /** Aborted when there is nothing left to disturb. */
  readonly over: AbortSignal;
  /** Takes a figure down, such as how long it took until all was well again. */
  readonly measured: (what: string, value: number) => void;
  /** Takes down what does not hold. */
  readonly violated: (what: string) => void;
}

/** Something that goes wrong while photos are tagged. */
export interface ChaosFault {
  readonly name: string;
  /** Whether it ends by itself, and is waited for. */
  readonly finite: boolean;
  /** Does it again and again until `over`; resolves to how often it was done. */
  readonly run: (context: FaultContext) => Promise<number>;
}

/** Does one thing. */
type Act = (context: FaultContext) => Promise<unknown>;

const againMs = 200;

/** Every `everyMs`, at most `times`. What cannot be done right now, since another fault was faster, is tried again. */
export function repeated(name: string, everyMs: number, times: number, act: Act): ChaosFault {
  return {
    name,
    finite: times < Infinity,
    run: async (context) => {
      let done = 0;
      let waitMs = everyMs * context.random.fraction();
      while (done < times && !(await pause(waitMs, context.over))) {
        const succeeded = await Promise.resolve(context)
          .then(act)
          .then(
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
export function spread(name: string, times: number, act: Act): ChaosFault {
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

/** One after the other, `restMs` apart, for a workload that goes on for as long as that takes. */
export function inTurn(name: string, times: number, restMs: number, act: Act): ChaosFault {
  return {
    name,
    finite: true,
    run: async (context) => {
      for (let done = 0; done < times; done++) {
        if (await pause(restMs * (0.5 + context.random.fraction()), context.over)) return done;
        await act(context);
      }
      return times;
    },
  };
}

/** Waits; resolves at once, to true, when it is over. */
export function pause(ms: number, over: AbortSignal): Promise<boolean> {
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
