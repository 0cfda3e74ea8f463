import { isLoopback, parseAddress, type Credentials } from '../transport/address.ts';
import { Connection } from '../transport/connection.ts';
import { credentialsFor } from '../transport/credentials.ts';
import type { Role } from '../transport/subjects.ts';

/** Where `cluster start` listens unless told otherwise. */
export const defaultUrl = 'nats://127.0.0.1:4222';

/** Where a client looks for the cluster. */
export interface ConnectTarget {
  readonly nats: string;
  /** A node's data folder, for its credentials. */
  readonly data?: string;
}

/**
 * Runs `use` on a connection and closes it afterwards.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `INSECURE_LISTEN`, `USAGE`, and what `use` throws
 */
export async function withConnection<T>(
  target: ConnectTarget,
  role: Role,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const credentials = await credentialsOf(target, role);
  const connection = await Connection.open({ url: target.nats, role, name: 'cluster', credentials });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

async function credentialsOf({ nats, data }: ConnectTarget, role: Role): Promise<Credentials | undefined> {
  if (data !== undefined) return await credentialsFor(nats, { dataFolder: data, role });
  // A submitter on this machine needs no password, and so none that a node that is gone has left behind.
  const { credentials, servers } = parseAddress(nats);
  const isLocal = servers.every((server) => isLoopback(hostOf(server)));
  return role === 'submitter' && isLocal ? credentials : await credentialsFor(nats, { role });
}

function hostOf(server: string): string {
  return server.slice(0, server.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
