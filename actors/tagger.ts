import type { Log } from '../src/base/log.ts';
import type { Metrics } from '../src/base/metrics.ts';
import { Fault } from '../src/base/errors.ts';
import type { ActiveBolts } from '../src/cluster/bolt/active-bolts.ts';
import type { ActiveModel } from '../src/pool/active-model.ts';
import type { PhotoTags } from '../src/pool/thread-messages.ts';
import { ThreadLost } from '../src/pool/worker-slot.ts';
import type { WorkerSlot } from '../src/pool/worker-slot.ts';
import type { ActorRef, Behaviour, Context } from '../src/runtime/index.ts';
import { flowName, photoSpoutName, writerName } from './tuple.ts';
import type { FlowMessage, SpoutMessage, TaggedTuple, TaggerMessage, Tuple, WriterMessage } from './tuple.ts';

const joinAgainMs = 50;

/** What a tagger works with. */
export interface TaggerArgument {
  readonly slot: WorkerSlot;
  readonly models: ActiveModel;
  readonly bolts: ActiveBolts;
  readonly metrics: Metrics;
}

interface TaggerState extends TaggerArgument {
  readonly spout: ActorRef<SpoutMessage>;
  readonly flow: ActorRef<FlowMessage>;
  readonly writer: ActorRef<WriterMessage>;
}

/**
 * The tagger bolt: one task for each worker thread. It holds the next tuple until the thread has a place; what comes after
 * it waits in the mailbox, where it can be seen.
 *
 * Outcomes go straight to the spout and to the flow or the writer, not through this actor's mailbox: they count even if it has ended meanwhile.
 */
export const tagger: Behaviour<TaggerState, TaggerMessage, TaggerArgument> = {
  kind: 'autotag',
  init: (argument, context) => {
    const spout = context.ref(photoSpoutName);
    join(spout, context);
    return { ...argument, spout, flow: context.ref(flowName), writer: context.ref(writerName) };
  },
  receive: (state, message, context) => {
    if (message.type === 'join') join(state.spout, context);
    else if (state.slot.free === 0) return takeLater(state, message.tuple, context);
    else take(state, message.tuple, context);
    return state;
  },
  signal: (state, signal, context) => {
    if (signal.type === 'down') join(state.spout, context);
    return state;
  },
  describe: ({ slot }) => ({ free: slot.free }),
};

/** Tells the spout that this one is there: when it has come, and again to each that takes its place. */
function join(spout: ActorRef<SpoutMessage>, context: Context<TaggerMessage>): void {
  if (spout.trySend({ type: 'joined', tagger: context.self }) === undefined) context.monitor(spout);
  else context.after(joinAgainMs, { type: 'join' });
}

async function takeLater(
  state: TaggerState,
  tuple: Tuple,
  context: Context<TaggerMessage>,
): Promise<TaggerState> {
  const [{ slot }, { ending }] = [state, context];
  // Not only its own photos take places: those of a tagger before it that was killed may still be in the thread.
  while (slot.free === 0 && !ending.aborted) await slot.whenFree();
  if (!ending.aborted) take(state, tuple, context);
  return state;
}

/** Unless a spout that has ended has handed it back. */
function take(state: TaggerState, tuple: Tuple, { log }: Context<TaggerMessage>): void {
  if (!tuple.delivery.settled) void tag(state, tuple, log);
}

async function tag(state: TaggerState, tuple: Tuple, log: Log): Promise<void> {
  const { slot, models, bolts, metrics, spout } = state;
  const { delivery } = tuple;
  const photo = bolts.readPhotos ? delivery.bytes.slice() : undefined;
  const model = models.current;
  metrics.kernelRuns.inc();
  try {
    const found = await slot.run({ bytes: delivery.bytes.buffer, model: model.handle, top: delivery.top });
    for (const stage of ['decode', 'features', 'score'] as const)
      metrics.stageSeconds.observe({ stage }, found.times[stage] / 1000);
    if (found.thumbnail !== undefined) count(found.thumbnail, delivery.id, metrics, log);
    const { refused, to } = pass(state, { ...tuple, found, model, photo });
    if (refused === undefined) spout.cast({ type: 'passed', delivery, to });
    else spout.cast({ type: 'failed', tuple, fault: refused, charged: false });
  } catch (error) {
    const lost = error instanceof ThreadLost;
    const fault = lost ? error.fault : Fault.from(error);
    spout.cast({ type: 'failed', tuple, fault, charged: lost ? error.charged : true });
  }
}

/** One that could not be made costs the photo nothing else. */
function count(thumbnail: NonNullable<PhotoTags['thumbnail']>, id: string, metrics: Metrics, log: Log): void {
  metrics.thumbnails.inc({ outcome: thumbnail.ok ? 'made' : 'failed' });
  if (!thumbnail.ok) log.warn({ fault: thumbnail.fault, id }, 'the photo has no thumbnail');
}

/** To the writer at once, unless bolts of users come first. */
function pass({ bolts, flow, writer }: TaggerState, tuple: TaggedTuple) {
  return bolts.none
    ? { refused: writer.trySend({ type: 'write', tuple }), to: writerName.name }
    : { refused: flow.trySend({ type: 'carry', tuple }), to: flowName.name };
}
