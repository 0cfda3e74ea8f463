import { hostOfServer, isLoopback, parseAddress, type Credentials } from '../transport/address.ts';
import { Connection } from '../transport/connection.ts';
import { credentialsFor, sharedInvitation } from '../transport/credentials.ts';
import { invitationOf } from '../transport/server/invitations.ts';
import type { Role } from '../transport/subjects.ts';

/** Where `cluster start` listens unless told otherwise. */
export const defaultUrl = 'nats://127.0.0.1:4222';

/** Where a client looks for the cluster. */
export interface ConnectTarget {
  /** URL or token. */
  readonly nats: string;
  /** A node's data folder, for its credentials. */
  readonly data?: string;
}

/**
 * Runs `use` on a connection and closes it afterwards.
 * @throws Fault `NATS_UNREACHABLE`, `NATS_LOGIN`, `NATS_CERTIFICATE`, `INSECURE_LISTEN`, `USAGE`, and what `use` throws
 */
export async function withConnection<T>(
  target: ConnectTarget,
  role: Role,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const invitation = await invitationFor(target, role);
  const access =
    invitation === undefined
      ? { url: target.nats, credentials: await credentialsOf(target, role) }
      : { url: invitation };
  const connection = await Connection.open({ ...access, role, name: 'cluster' });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** The token of a node of this machine, where that listens for other machines. */
async function invitationFor({ nats, data }: ConnectTarget, role: Role): Promise<string | undefined> {
  if (parseAddress(nats).credentials !== undefined) return undefined;
  return data === undefined ? await sharedInvitation(nats) : await invitationOf(data, role);
}

async function credentialsOf({ nats, data }: ConnectTarget, role: Role): Promise<Credentials | undefined> {
  if (data !== undefined) return await credentialsFor(nats, { dataFolder: data, role });
  // A submitter on this machine needs no password, and so none that a node that is gone has left behind.
  const { credentials, servers } = parseAddress(nats);
  const isLocal = servers.every((server) => isLoopback(hostOfServer(server)));
  return role === 'submitter' && isLocal ? credentials : await credentialsFor(nats, { role });
}
