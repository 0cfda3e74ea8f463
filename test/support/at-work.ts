import { z } from 'zod';
import { credentialsFor } from '../../src/transport/credentials.ts';
import { Connection } from '../../src/transport/connection.ts';
import { request } from '../../src/transport/requests.ts';
import type { Reachable } from './cluster-client.ts';
import { until } from './until.ts';

const spoutState = z.looseObject({ taggers: z.record(z.string(), z.number()) });

/**
 * Waits until a node that has started takes photos: the leader places its tasks a moment later.
 * @param nats - where the cluster is, with credentials of a node, if not at the node's own nats-server
 */
export async function untilAtWork(
  { url, dataFolder, name = 'n1' }: Reachable,
  nats?: unknown,
): Promise<void> {
  const credentials =
    typeof nats === 'string' ? undefined : await credentialsFor(url, { dataFolder, role: 'node' });
  const address = typeof nats === 'string' ? nats : url;
  const connection = await Connection.open({ url: address, role: 'node', name: 'test', credentials });
  try {
    await until(async () => {
      try {
        const spout = await request(
          connection,
          'inspect',
          { node: name, verb: 'state' },
          { actor: 'photos' },
        );
        return Object.keys(spoutState.parse(spout.value).taggers).length > 0;
      } catch {
        return false;
      }
    });
  } finally {
    await connection.close();
  }
}
