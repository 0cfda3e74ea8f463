import { Fault } from '../src/base/errors.ts';
import type { Metrics } from '../src/base/metrics.ts';
import type { ActiveBolts } from '../src/cluster/bolt/active-bolts.ts';
import { BoltCalls, isCharged, type BoltCall } from '../src/cluster/bolt/bolt-calls.ts';
import { throughBolts } from '../src/cluster/bolt/bolt-outputs.ts';
import type { BoltPlan, PlannedBolt } from '../src/cluster/bolt/bolt-plan.ts';
import type { ActorRef, Behaviour, Context } from '../src/runtime/index.ts';
import type { BoltOutput, BoltTuple } from '../src/transport/bolt-tuple.ts';
import { flowName, photoSpoutName, writerName } from './tuple.ts';
import type { FlowMessage, SpoutMessage, TaggedTuple, WriterMessage } from './tuple.ts';

/** What the flow works with. */
export interface FlowArgument {
  readonly bolts: ActiveBolts;
  readonly metrics: Metrics;
}

interface FlowState extends FlowArgument {
  readonly context: Context<FlowMessage>;
  readonly spout: ActorRef<SpoutMessage>;
  readonly writer: ActorRef<WriterMessage>;
  readonly calls: BoltCalls;
  readonly underWay: Set<TaggedTuple>;
}

/**
 * The flow: takes tagged tuples through the bolts of users, on whichever node these run, and hands them to the writer. It has
 * tuples of its own node only, and their leases stay with the spout: what it loses is delivered again.
 *
 * A tuple goes its way by the topology that it has met, as long as that has the bolts; else it begins anew, and nobody is charged.
 */
export const flow: Behaviour<FlowState, FlowMessage, FlowArgument> = {
  kind: 'flow',
  init: (argument, context) => {
    const { bolts, metrics } = argument;
    const calls = new BoltCalls({
      node: context.node,
      ref: (name, node) => context.ref(name, node),
      plan: () => bolts.current,
      clock: context.clock,
    });
    const unwatch = bolts.watch((before) => {
      forgetBolts(metrics, before, bolts.current);
      calls.planChanged();
    });
    context.ending.addEventListener('abort', unwatch);
    const [spout, writer] = [context.ref(photoSpoutName), context.ref(writerName)];
    // One that comes later has given nothing to a flow before this one.
    spout.trySend({ type: 'began', who: flowName.name });
    return { ...argument, context, spout, writer, calls, underWay: new Set() };
  },
  receive: (state, { tuple }) => {
    void carry(state, tuple);
    return state;
  },
  describe: ({ bolts, calls, underWay }) => ({
    bolts: bolts.current?.bolts.map(({ component, tasks }) => ({ component, tasks })) ?? 'not known yet',
    underWay: Array.from(underWay, ({ delivery }) => delivery.id),
    ...calls.describe(),
  }),
};

/** Of bolts that are gone nothing is measured: otherwise each that ever was would be. */
function forgetBolts(metrics: Metrics, before: BoltPlan | undefined, after: BoltPlan | undefined): void {
  for (const { component } of before?.bolts ?? [])
    if (after?.bolts.some((bolt) => bolt.component === component) !== true) metrics.forgetBolt(component);
}

async function carry(state: FlowState, tuple: TaggedTuple): Promise<void> {
  const { context, spout, writer, underWay } = state;
  const { delivery } = tuple;
  underWay.add(tuple);
  try {
    const output = await outputFor(state, tuple);
    // A flow that has ended has nothing: the spout has handed it back.
    if (context.ending.aborted || delivery.settled) return;
    const refused = writer.trySend({ type: 'write', tuple: { ...tuple, output } });
    if (refused === undefined) spout.cast({ type: 'passed', delivery, to: writerName.name });
    else spout.cast({ type: 'failed', tuple, fault: refused, charged: false });
  } catch (error) {
    const fault = Fault.from(error);
    if (!context.ending.aborted) spout.cast({ type: 'failed', tuple, fault, charged: isCharged(fault) });
  } finally {
    underWay.delete(tuple);
  }
}

/** @throws Fault of a bolt, or `BOLT_AWAY` */
async function outputFor(state: FlowState, tuple: TaggedTuple): Promise<BoltOutput> {
  const { bolts, calls, context } = state;
  for (;;) {
    const plan = bolts.current;
    if (plan === undefined) {
      await calls.change();
      if (context.ending.aborted) throw new Fault('CANCELLED', { what: 'way of a photo' });
      continue;
    }
    const way = { isOver: false };
    const check = () => {
      if (way.isOver || context.ending.aborted) throw new Fault('CANCELLED', { what: 'way of a photo' });
    };
    try {
      return await throughBolts(plan, boltTupleOf(tuple), (bolt, given) =>
        ask(state, bolt, given, { photo: tuple.photo, check }),
      );
    } catch (error) {
      const isElsewhere = Fault.from(error).code === 'BOLT_AWAY' && bolts.current !== plan;
      if (!isElsewhere || context.ending.aborted) throw error;
    } finally {
      // What is left of its branches waits for nothing.
      way.isOver = true;
    }
  }
}

async function ask(
  { calls, metrics, context: { clock } }: FlowState,
  bolt: PlannedBolt,
  given: BoltTuple,
  { photo, check }: Pick<BoltCall, 'photo' | 'check'>,
): Promise<readonly BoltOutput[]> {
  const { component } = bolt;
  const started = clock.monotonic();
  try {
    // The topology has changed since it was tagged: with the photo it comes again.
    if (bolt.program.reads === 'photo' && photo === undefined)
      throw new Fault('BOLT_AWAY', { bolt: component, reason: 'it needs the photo, and did not before' });
    const outputs = await calls.ask({ bolt, tuple: given, photo, check });
    metrics.boltSeconds.observe({ component }, (clock.monotonic() - started) / 1000);
    return outputs;
  } catch (error) {
    if (Fault.from(error).code !== 'CANCELLED') metrics.boltFailures.inc({ component });
    throw error;
  }
}

function boltTupleOf({ delivery, found, model }: TaggedTuple): BoltTuple {
  return {
    id: delivery.id,
    ...(delivery.file === undefined ? {} : { file: delivery.file }),
    model: model.handle.id,
    tags: [...model.name(found.tags)],
    attributes: {},
  };
}
