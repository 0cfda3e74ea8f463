import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { inTurn, type ChaosFault } from './fault-schedule.ts';
import type { NatsCluster } from './nats-cluster.ts';
import { until } from './until.ts';

/** The figure that {@link killStreamLeader} takes down. */
export const publishing = 'a photo that was handed in after the kill is acknowledged, ms';

/** Of three nats-servers, kills the one that leads the stream of photos (SIGKILL), and starts it again when photos are taken. */
export function killStreamLeader(times: number): ChaosFault {
  return inTurn('stream leaders killed', times, 1_000, async ({ servers, workload, measured }) => {
    if (servers === undefined) throw new Error('there are no nats-servers beside the nodes');
    const leader = await leaderInStep(servers);
    await servers.kill(leader);
    const killedAt = performance.now();
    await workload.nextAcknowledged();
    measured(publishing, performance.now() - killedAt);
    await servers.start(leader);
  });
}

/** The server that leads the stream of photos, as soon as every server has all of every stream: else one more kill would be two. */
async function leaderInStep(servers: NatsCluster): Promise<string> {
  const connection = await Connection.open({ url: servers.token('node'), role: 'node', name: 'test' });
  let leader: string | undefined;
  try {
    await until(async () => {
      // Where no majority is in step, nobody answers.
      leader = await leaderUnlessBehind(connection).catch(() => undefined);
      return leader !== undefined && leader !== '';
    }, 120_000);
  } finally {
    await connection.close();
  }
  return leader ?? '';
}

async function leaderUnlessBehind(connection: Connection): Promise<string | undefined> {
  const manager = await clientOf(connection).jetstreamManager();
  let leader: string | undefined;
  for await (const { cluster, config } of manager.streams.list()) {
    const replicas = cluster?.replicas ?? [];
    if (replicas.length !== 2 || !replicas.every(({ current, offline }) => current && !offline))
      return undefined;
    if (config.name === names.photos) leader = cluster?.leader;
  }
  return leader;
}
