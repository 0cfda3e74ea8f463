import { FailurePolicy } from '../../actors/failure-policy.ts';
import { flow } from '../../actors/flow.ts';
import { modelKeeper, modelKeeperName } from '../../actors/model-keeper.ts';
import { photoComponents } from '../../actors/photo-topology.ts';
import { RemoteResultStore } from '../../actors/remote-result-store.ts';
import type { ResultStore } from '../../actors/result-store.ts';
import { flowName, photoSpoutName } from '../../actors/tuple.ts';
import { systemClock } from '../base/clock.ts';
import { ActiveBolts } from '../cluster/bolt/active-bolts.ts';
import { BundleFolder } from '../cluster/bundle-folder.ts';
import { programComponents } from '../cluster/topology/program-components.ts';
import { topologies } from '../cluster/topology/reconciler.ts';
import { actor, supervisor } from '../runtime/index.ts';
import type { ChildSpec, ChildStart, SupervisorSpec } from '../runtime/index.ts';
import type { NodeLink } from '../transport/node-link.ts';
import { logOf, type NodeBelongings } from './belongings.ts';
import { modelLibrary } from './models.ts';

/** What a node does with photos: the model in use, and the tasks of topologies. */
export function photoDuties(own: NodeBelongings, link: NodeLink): readonly ChildSpec[] {
  return [
    { id: 'models', start: keeperOf(own, link) },
    { id: 'topologies', start: supervisor(placedTasks(own, link)) },
  ];
}

function keeperOf(own: NodeBelongings, link: NodeLink): ChildStart {
  const { activations, registry } = link;
  const { models, metrics, threads } = own;
  const [library, log] = [modelLibrary(own, link), logOf(own, modelKeeperName)];
  return actor(
    modelKeeper,
    { activations, registry, library, models, extractors: threads.extractors, metrics, log },
    { name: modelKeeperName },
  );
}

/** The tasks that the leader has placed here. */
function placedTasks(own: NodeBelongings, link: NodeLink): SupervisorSpec {
  const { queue, attempts, deadLetters, results, topologies: records } = link;
  const { maxAttempts, ackWaitMs, window, name: node } = own.options;
  const { slots } = own.threads;
  const { metrics, models, system } = own;
  const [log, clock, bolts] = [logOf(own, photoSpoutName), systemClock, new ActiveBolts()];
  const builtin = photoComponents({
    queue,
    store: resultStore(own, link),
    results,
    failures: new FailurePolicy({ attempts, deadLetters, results, metrics, log, clock, maxAttempts }),
    slots,
    models,
    bolts,
    metrics,
    window: window === 0 ? Math.max(32, 8 * slots.length) : window,
    ackWaitMs,
    spout: system.ref(photoSpoutName),
  });
  const bundles = new BundleFolder(own.folders.bundles, link.bundles, own.log);
  const factory = programComponents({ bundles, builtin, log: own.log });
  const spec = topologies({ node, records, factory, log: own.log });
  const start = actor(flow, { bolts, metrics }, { name: flowName, mailboxLimit: 8_192 });
  return { ...spec, children: [...spec.children, { id: 'flow', start }] };
}

function resultStore({ place, stores }: NodeBelongings, { connection }: NodeLink): ResultStore {
  const { store } = place.seat;
  return store.at === 'other' ? new RemoteResultStore(connection, store.node) : stores.results;
}
