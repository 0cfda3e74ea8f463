import { nimbusKeeper } from '../cluster/topology/nimbus-keeper.ts';
import { actor, supervisor } from '../runtime/index.ts';
import type { ChildStart, SupervisorSpec } from '../runtime/index.ts';
import type { NodeLink } from '../transport/node-link.ts';
import { coordinatesRuns, hasStores, type NodeBelongings, takesPhotos, takesTasks } from './belongings.ts';
import { photoDuties } from './photo-duties.ts';
import { runDuties, schedules, tasks } from './run-duties.ts';
import { builtins, services } from './service-duties.ts';
import { openedStores } from './stores.ts';

/** What a node does in its cluster, once its link is there: put together from the actors, each time anew, in the order in which they need each other. */
export function nodeDuties(own: NodeBelongings, link: NodeLink): SupervisorSpec {
  return {
    strategy: 'rest_for_one',
    intensity: { maxRestarts: 5, windowMs: 30_000 },
    children: [
      ...(hasStores(own) ? [{ id: 'stores', start: supervisor(openedStores(own.stores)) }] : []),
      ...(takesPhotos(own.options) ? photoDuties(own, link) : []),
      ...(takesTasks(own.options) ? [{ id: 'tasks', start: tasks(own, link) }] : []),
      ...(coordinatesRuns(own) ? runDuties(own, link) : []),
      { id: 'services', start: supervisor(services(own, link)) },
      { id: 'nimbus', start: nimbus(own, link) },
      { id: 'schedules', start: schedules(own, link) },
    ],
  };
}

function nimbus({ options, place, log }: NodeBelongings, { topologies: records }: NodeLink): ChildStart {
  return actor(nimbusKeeper, { node: options.name, records, view: place.view, builtins, log });
}
