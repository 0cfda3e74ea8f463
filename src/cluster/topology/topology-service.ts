import { Fault } from '../../base/errors.ts';
import type { TopologyRecords } from '../../transport/topology-records.ts';
import type { TopologySpec } from '../../transport/topology-spec.ts';
import { endpoint } from '../service.ts';
import type { Endpoint } from '../service.ts';
import type { Members } from './live-node.ts';
import { stateOf, statusOf } from './topology-status.ts';

/** What the service of topologies works with. */
export interface TopologyServiceOptions {
  readonly records: TopologyRecords;
  readonly members: Pick<Members, 'live'>;
  /** Topologies that every node knows. */
  readonly builtins: readonly TopologySpec[];
}

/** Topologies, listed and acted on by any node. */
export function topologyService(options: TopologyServiceOptions): readonly Endpoint[] {
  const { records, builtins } = options;
  const builtin = (name: string) => builtins.find((spec) => spec.name === name);
  return [
    endpoint('topologyList', {}, async () => ({ topologies: await list(options) })),
    endpoint('topologyDeploy', {}, async ({ builtin: name }) => {
      const spec = builtin(name);
      if (spec === undefined) throw new Fault('NOT_FOUND', { what: 'built-in topology', id: name });
      return stateOf(await records.deploy(spec));
    }),
    endpoint('topologyActivate', {}, async ({ name }) => stateOf(await records.activate(name))),
    endpoint('topologyDeactivate', {}, async ({ name }) => stateOf(await records.deactivate(name))),
    endpoint('topologyRebalance', {}, async ({ name, ...change }) =>
      stateOf(await records.rebalance(name, change)),
    ),
    endpoint('topologyKill', {}, async ({ name, afterMs }) => ({
      ...stateOf(await records.kill(name, afterMs)),
      builtin: builtin(name) !== undefined,
    })),
  ];
}

async function list({ records, members }: TopologyServiceOptions) {
  const [{ topologies, assignments }, reports] = await Promise.all([records.read(), records.reports()]);
  const alive = members.live().flatMap(({ name }) => reports.get(name) ?? []);
  return [...topologies.values()]
    .filter(({ state }) => state !== 'killed')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((topology) => statusOf(topology, assignments.get(topology.name), alive, Date.now()));
}
