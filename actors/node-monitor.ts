import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { Metrics } from '../src/base/metrics.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { Behaviour } from '../src/runtime/index.ts';
import type { SupervisedThumbnailStore } from '../src/store/supervised-thumbnail-store.ts';
import type { PhotoQueue } from '../src/transport/photo-queue.ts';
import { hasLostTrack } from '../src/transport/work-queue.ts';
import type { QueueStatus } from '../src/transport/work-queue.ts';

/** The monitor of a node. */
export const nodeMonitorName = new ActorName<'measure'>('monitor');

const periodMs = 2_000;
const nanosecond = 1e-9;
/** How often the delay is sampled, ms; each sample includes it. */
const resolution = 10;

/** What the node monitor works with. */
export interface NodeMonitorArgument {
  readonly queue: PhotoQueue;
  readonly metrics: Metrics;
  /** On the node that keeps them. */
  readonly thumbnails: SupervisedThumbnailStore | undefined;
}

interface NodeMonitorState extends NodeMonitorArgument {
  readonly eventLoopDelay: IntervalHistogram;
  last: QueueStatus | undefined;
}

/** Measures the node every two seconds. */
export const nodeMonitor: Behaviour<NodeMonitorState, 'measure', NodeMonitorArgument> = {
  kind: 'monitor',
  init: (argument, context) => {
    const eventLoopDelay = monitorEventLoopDelay({ resolution });
    eventLoopDelay.enable();
    context.after(0, 'measure');
    return { ...argument, eventLoopDelay, last: undefined };
  },
  receive: async (state, _message, context) => {
    measureEventLoop(state);
    for (const measure of [measureQueue, measureThumbnails])
      try {
        await measure(state, context.log);
      } catch (error) {
        context.log.debug({ fault: Fault.from(error).toWire() }, 'not all was measured');
      }
    context.after(periodMs, 'measure');
    return state;
  },
  terminate: ({ eventLoopDelay }) => {
    eventLoopDelay.disable();
  },
  describe: ({ last }) => last,
};

function measureEventLoop({ eventLoopDelay, metrics }: NodeMonitorState): void {
  for (const quantile of [0.5, 0.99])
    metrics.eventLoopDelaySeconds.set(
      { quantile: String(quantile) },
      Math.max(eventLoopDelay.percentile(quantile * 100) * nanosecond - resolution / 1_000, 0),
    );
  eventLoopDelay.reset();
}

async function measureThumbnails({ thumbnails, metrics }: NodeMonitorState): Promise<void> {
  if (thumbnails !== undefined) metrics.thumbnailBytes.set((await thumbnails.stats()).bytes);
}

async function measureQueue(state: NodeMonitorState, log: Log): Promise<void> {
  const { last, queue, metrics } = state;
  const now = await queue.status();
  state.last = now;
  metrics.queueDepth.set(now.messages);
  if (last === undefined || !hasLostTrack(last, now)) return;
  state.last = undefined;
  log.warn(
    { photos: now.messages },
    'the server has lost track of photos that were done; all are delivered again',
  );
  await queue.deliverAgain();
}
