import type { Metrics } from '../src/base/metrics.ts';
import { Fault } from '../src/base/errors.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import { ThreadLost } from '../src/pool/worker-slot.ts';
import type { WorkerSlot } from '../src/pool/worker-slot.ts';
import type { ActorRef, Behaviour, Context } from '../src/runtime/index.ts';
import { photoSpoutName, writerName } from './tuple.ts';
import type { SpoutMessage, TaggerMessage, Tuple, WriterMessage } from './tuple.ts';

const joinAgainMs = 50;

/** What a tagger works with. */
export interface TaggerArgument {
  readonly slot: WorkerSlot;
  readonly models: ActiveModel;
  readonly metrics: Metrics;
}

interface TaggerState extends TaggerArgument {
  readonly self: ActorRef<TaggerMessage>;
  readonly spout: ActorRef<SpoutMessage>;
  readonly writer: ActorRef<WriterMessage>;
  readonly waiting: Tuple[];
  /** Whether the slot tells when it has a place. */
  asked: boolean;
}

/**
 * The tagger bolt: one task for each worker thread.
 *
 * Outcomes go straight to the spout and the writer, not through this actor's mailbox: they count even if it has ended meanwhile.
 */
export const tagger: Behaviour<TaggerState, TaggerMessage, TaggerArgument> = {
  kind: 'autotag',
  init: (argument, context) => {
    const state: TaggerState = {
      ...argument,
      self: context.self,
      spout: context.ref(photoSpoutName),
      writer: context.ref(writerName),
      waiting: [],
      asked: false,
    };
    join(state, context);
    return state;
  },
  receive: (state, message, context) => {
    switch (message.type) {
      case 'tag':
        state.waiting.push(message.tuple);
        break;
      case 'join':
        join(state, context);
        break;
      case 'freed':
        state.asked = false;
        break;
    }
    fill(state);
    return state;
  },
  signal: (state, signal, context) => {
    if (signal.type !== 'down') return state;
    // The spout has handed back what it had.
    state.waiting.splice(0);
    join(state, context);
    return state;
  },
  describe: ({ slot, waiting }) => ({
    free: slot.free,
    waiting: waiting.map(({ delivery }) => delivery.sequence),
  }),
};

/** Tells the spout that this one is there: when it has come, and again to each that takes its place. */
function join({ spout, self }: TaggerState, context: Context<TaggerMessage>): void {
  if (spout.trySend({ type: 'joined', tagger: self }) === undefined) context.monitor(spout);
  else context.after(joinAgainMs, { type: 'join' });
}

/** Gives the thread as many photos as it has places. */
function fill(state: TaggerState): void {
  const { slot, waiting, self } = state;
  while (slot.free > 0) {
    const tuple = waiting.shift();
    if (tuple === undefined) return;
    void tag(state, tuple);
  }
  if (waiting.length === 0 || state.asked) return;
  state.asked = true;
  // Not only its own photos take places: those of a tagger before it that was killed may still be in the thread.
  void slot.whenFree().then(() => {
    self.cast({ type: 'freed' });
  });
}

async function tag({ slot, models, metrics, spout, writer }: TaggerState, tuple: Tuple): Promise<void> {
  const { delivery } = tuple;
  const model = models.current;
  metrics.kernelRuns.inc();
  try {
    const found = await slot.run({ bytes: delivery.bytes.buffer, model: model.handle, top: delivery.top });
    for (const stage of ['decode', 'features', 'score'] as const)
      metrics.stageSeconds.observe({ stage }, found.times[stage] / 1000);
    const refused = writer.trySend({ type: 'write', tuple: { ...tuple, found, model } });
    if (refused === undefined) spout.cast({ type: 'tagged', delivery });
    else spout.cast({ type: 'failed', tuple, fault: refused, charged: false });
  } catch (error) {
    const lost = error instanceof ThreadLost;
    const fault = lost ? error.fault : Fault.from(error);
    spout.cast({ type: 'failed', tuple, fault, charged: lost ? error.charged : true });
  }
}
