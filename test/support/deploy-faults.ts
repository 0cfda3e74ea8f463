import { program, shuffle, topology } from '../../src/cluster/topology/builder.ts';
import { packBundle } from '../../src/transport/bundle.ts';
import type { ClusterClient } from './cluster-client.ts';
import { inTurn, repeated, type ChaosFault } from './fault-schedule.ts';
import { dipOf } from './load-faults.ts';
import { until } from './until.ts';
import type { Workload } from './workload.ts';

/** What the bolt of {@link deployVersion} adds. */
const attribute = 'version';

/** The task of that bolt on any node. */
export const versionBolt = 'bolt/photos/version/0';

/** Deploys the topology of photos with a bolt, a process a node, that writes this number into their rows. */
async function deployVersion(client: ClusterClient, version: number): Promise<void> {
  const source = `export default { process: () => ({ attributes: { ${attribute}: ${String(version)} } }) };`;
  const files = [{ path: 'version.mjs', executable: false, bytes: Buffer.from(source) }];
  const { id, archive } = packBundle(files);
  const spec = topology('photos')
    .spout('photos', { parallelism: 'nodes' })
    .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
    .bolt('version', {
      parallelism: 'nodes',
      grouping: shuffle('autotag'),
      program: program('version.mjs'),
    })
    .bolt('dbwriter', { parallelism: 'nodes', grouping: shuffle('version') })
    .build();
  const bundle = { id, bytes: archive.length };
  const sent = { spec: { ...spec, bundle }, archive: Uint8Array.from(archive) };
  await client.ask('topologyDeploy', {}, sent);
}

/** Resolves when every node runs what is deployed. */
async function untilDeployed(client: ClusterClient): Promise<void> {
  await until(async () => {
    const { topologies } = await client.ask('topologyList', {}, {});
    return topologies.find(({ name }) => name === 'photos')?.settled === true;
  }, 60_000);
}

/** What a scenario needs to upgrade that bolt: the first version of it before, and afterwards a look at every row. */
export const versioned = {
  prepare: async (_: unknown, client: ClusterClient): Promise<void> => {
    await deployVersion(client, 0);
    await untilDeployed(client);
  },
  check: withoutVersion,
};

/** Deploys another version every `everyMs`. */
export function deployVersions(everyMs: number): ChaosFault {
  let version = 0;
  return repeated('versions deployed', everyMs, Infinity, ({ client }) => deployVersion(client, ++version));
}

/** Deploys another version and takes it back, `times` times, and what that costs. */
export function deployDips(times: number): ChaosFault {
  let version = 0;
  return inTurn('deploys and rollbacks', times, 1_000, async (context) => {
    const { client } = context;
    await dipOf(context, 'deploy of a new version', async () => {
      await deployVersion(client, ++version);
      await untilDeployed(client);
    });
    await dipOf(context, 'rollback', async () => {
      await client.ask('topologyRollback', {}, { name: 'photos' });
      await untilDeployed(client);
    });
  });
}

/** Photos whose rows lack what the bolt adds; empty if it had its part in all. */
async function withoutVersion(client: ClusterClient, workload: Workload): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const id of workload.acknowledged.keys()) {
    const { result } = await client.photo(id);
    if (result !== undefined && 'tags' in result && result.attributes?.[attribute] === undefined)
      missing.push(id);
  }
  return missing.length === 0
    ? []
    : [`the bolt had no part in ${String(missing.length)} rows: ${missing.slice(0, 5).join(', ')}`];
}
