import type { TopologyRecords } from '../../transport/topology-records.ts';
import { endpoint } from '../service.ts';
import type { Endpoint } from '../service.ts';
import { Deployment, type Deployed, type DeploymentOptions } from './deployment.ts';
import type { Members } from './live-node.ts';
import { stateOf, statusOf } from './topology-status.ts';

/** What the service of topologies works with. */
export interface TopologyServiceOptions extends DeploymentOptions {
  readonly members: Pick<Members, 'live'>;
}

/** Topologies, listed and acted on by any node. */
export function topologyService(options: TopologyServiceOptions): readonly Endpoint[] {
  const { records, builtins } = options;
  const deployment = new Deployment(options);
  return [
    endpoint('topologyList', {}, async () => ({ topologies: await list(options) })),
    endpoint('topologyDeploy', {}, async (asked) =>
      deployedOf(
        'builtin' in asked
          ? await deployment.deployBuiltin(asked.builtin)
          : await deployment.deploy(asked.spec, asked.archive),
      ),
    ),
    endpoint('topologyRollback', {}, async ({ name }) => deployedOf(await deployment.rollback(name))),
    endpoint('topologyActivate', {}, async ({ name }) => stateOf(await records.activate(name))),
    endpoint('topologyDeactivate', {}, async ({ name }) => stateOf(await records.deactivate(name))),
    endpoint('topologyRebalance', {}, async ({ name, ...change }) =>
      stateOf(await records.rebalance(name, change)),
    ),
    endpoint('topologyKill', {}, async ({ name, afterMs }) => ({
      ...stateOf(await records.kill(name, afterMs)),
      builtin: builtins.some((spec) => spec.name === name),
    })),
  ];
}

function deployedOf({ record, changes }: Deployed) {
  return { ...stateOf(record), changes };
}

async function list({
  records,
  members,
}: {
  readonly records: TopologyRecords;
  readonly members: Pick<Members, 'live'>;
}) {
  const [{ topologies, assignments }, reports] = await Promise.all([records.read(), records.reports()]);
  const alive = members.live().flatMap(({ name }) => reports.get(name) ?? []);
  return [...topologies.values()]
    .filter(({ state }) => state !== 'killed')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((topology) => statusOf(topology, assignments.get(topology.name), alive, Date.now()));
}
