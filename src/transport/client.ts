import type { NatsConnection } from 'nats';

// Internal to this folder: the client library behind a connection, so that none of its types is part of our API.
const clients = new WeakMap<object, NatsConnection>();

/** Ties a `Connection` to its client. */
export function bindClient(connection: object, client: NatsConnection): void {
  clients.set(connection, client);
}

/** The client of a `Connection`. */
export function clientOf(connection: object): NatsConnection {
  const client = clients.get(connection);
  if (client === undefined) throw new TypeError('The connection was not made by Connection.open.');
  return client;
}
