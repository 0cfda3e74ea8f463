import type { NatsConnection } from 'nats';
import type { Connection } from './connection.ts';

// Internal to this folder: the client library behind a connection, so that none of its types is part of our API.
const clients = new WeakMap<Connection, NatsConnection>();

/** Ties a connection to its client. */
export function bindClient(connection: Connection, client: NatsConnection): void {
  clients.set(connection, client);
}

/** The client of a connection. */
export function clientOf(connection: Connection): NatsConnection {
  const client = clients.get(connection);
  if (client === undefined) throw new TypeError('The connection was not made by Connection.open.');
  return client;
}
