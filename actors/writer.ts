import { Fault } from '../src/base/errors.ts';
import type { Metrics } from '../src/base/metrics.ts';
import type { ActorRef, Behaviour, Context } from '../src/runtime/index.ts';
import { checkTagResult, isFileName } from '../src/store/tag-store.ts';
import type { TagResult, WriteOutcome } from '../src/store/tag-store.ts';
import type { ResultPublisher } from '../src/transport/result-publisher.ts';
import type { TaggedPhoto } from '../src/store/tagged-photo.ts';
import type { ResultStore } from './result-store.ts';
import { photoSpoutName, writerName } from './tuple.ts';
import type { SpoutMessage, TaggedTuple, WriterMessage } from './tuple.ts';

/** Rows in a transaction: enough to share one fsync, few enough to be quick. */
const batchLimit = 64;
/** From the start of one transaction to that of the next, unless it is full before: under load, photos share it. */
const intervalMs = 50;
const retryDelayMs = 500;

/** What the writer works with. */
export interface WriterArgument {
  readonly store: ResultStore;
  readonly results: ResultPublisher;
  readonly metrics: Metrics;
}

/** `gathering`: a transaction is over, and its successor not yet due. `away`: the store is, until it is tried again. */
type Phase = 'idle' | 'writing' | 'gathering' | 'away';

/** A tuple, and what is kept of it. */
interface Row extends TaggedPhoto {
  readonly tuple: TaggedTuple;
}

interface WriterState extends WriterArgument {
  readonly context: Context<WriterMessage>;
  readonly spout: ActorRef<SpoutMessage>;
  readonly waiting: TaggedTuple[];
  phase: Phase;
}

/**
 * The writer bolt: tags and features to where they are kept, a transaction a batch, then the acknowledgement. A store that is away
 * charges nobody.
 *
 * The first photo after a pause is written at once; the ones that follow wait for each other a little.
 */
export const writer: Behaviour<WriterState, WriterMessage, WriterArgument> = {
  kind: 'dbwriter',
  init: (argument, context) => {
    const spout = context.ref(photoSpoutName);
    // One that comes later has given nothing to a writer before this one.
    spout.trySend({ type: 'began', who: writerName.name });
    return { ...argument, context, spout, waiting: [], phase: 'idle' };
  },
  receive: (state, message) => {
    switch (message.type) {
      case 'write':
        state.waiting.push(message.tuple);
        if (state.phase === 'idle' || (state.phase === 'gathering' && isFull(state))) begin(state);
        break;
      case 'written':
        if (isFull(state)) begin(state);
        else rest(state, 'gathering', intervalMs - message.tookMs);
        break;
      case 'due':
        if (state.phase !== 'writing') begin(state);
        break;
    }
    return state;
  },
  describe: ({ waiting, phase }) => ({ waiting: waiting.length, phase }),
};

function isFull({ waiting }: WriterState): boolean {
  return waiting.length >= batchLimit;
}

function rest(state: WriterState, phase: Phase, ms: number): void {
  state.phase = phase;
  state.context.after(Math.max(ms, 0), { type: 'due' });
}

function begin(state: WriterState): void {
  const { waiting } = state;
  const rows: Row[] = [];
  while (rows.length === 0 && waiting.length > 0)
    rows.push(...waiting.splice(0, batchLimit).flatMap((tuple) => rowOf(state, tuple)));
  state.phase = rows.length > 0 ? 'writing' : 'idle';
  if (rows.length > 0) void write(state, rows);
}

async function write(state: WriterState, rows: readonly Row[]): Promise<void> {
  const { waiting, store, metrics, context } = state;
  const started = context.clock.monotonic();
  try {
    const outcomes = await store.keep(rows);
    const tookMs = context.clock.monotonic() - started;
    metrics.stageSeconds.observe({ stage: 'write' }, tookMs / 1000);
    rows.forEach((row, index) => void acknowledge(state, row, outcomes[index] ?? 'stored'));
    context.self.cast({ type: 'written', tookMs });
  } catch (error) {
    context.log.warn(
      { fault: Fault.from(error).toWire(), photos: rows.length },
      'tags or features were not written; trying again',
    );
    waiting.unshift(...rows.map(({ tuple }) => tuple));
    rest(state, 'away', retryDelayMs);
  }
}

/** A result that no store could keep must not take its batch with it. */
function rowOf({ spout, context }: WriterState, tuple: TaggedTuple): Row[] {
  try {
    const result = toResult(tuple, context.clock.now());
    checkTagResult(result);
    const { features, thumbnail } = tuple.found;
    return [{ tuple, result, features, thumbnail: thumbnail?.ok === true ? thumbnail.value : undefined }];
  } catch (error) {
    spout.cast({ type: 'failed', tuple, fault: Fault.from(error), charged: true });
    return [];
  }
}

async function acknowledge(state: WriterState, { tuple, result }: Row, outcome: WriteOutcome): Promise<void> {
  const { spout, metrics, results, context } = state;
  const { delivery, found, model, output, pulledAt } = tuple;
  try {
    await delivery.ack();
    metrics.photos.inc({ outcome });
    metrics.stageSeconds.observe({ stage: 'total' }, (context.clock.monotonic() - pulledAt) / 1000);
  } catch (error) {
    // Delivered again after its lease, and then stored over itself.
    context.log.warn(
      { fault: Fault.from(error).toWire(), id: delivery.id },
      'the acknowledgement was not confirmed',
    );
  }
  const { attributes } = result;
  const tags = delivery.top > 0 && output?.tags === undefined ? model.name(found.best) : result.tags;
  results.publish(delivery, { model: model.handle.id, tags, attributes });
  spout.cast({ type: 'settled', delivery });
}

function toResult({ delivery, found, model, output = {} }: TaggedTuple, taggedAt: number): TagResult {
  const { attributes = {}, tags = model.name(found.tags) } = output;
  return {
    photoId: delivery.id,
    file: delivery.file !== undefined && isFileName(delivery.file) ? delivery.file : undefined,
    owner: delivery.owner,
    submission: { epoch: delivery.epoch, sequence: delivery.sequence },
    activation: model.handle.activation,
    model: model.handle.id,
    extractor: model.extractor,
    taggedAt,
    tags,
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  };
}
