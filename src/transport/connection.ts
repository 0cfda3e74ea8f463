import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { connect, Events, type NatsConnection, type Status } from 'nats';
import { Fault } from '../base/errors.ts';
import { checkAddress, hostOfServer, parseAddress, type Credentials, type NatsAddress } from './address.ts';
import { bindClient } from './client.ts';
import { natsFault } from './nats-faults.ts';
import { ReconnectPace } from './reconnect-pace.ts';
import type { Role } from './subjects.ts';

/** What happens to a connection after it was made. */
export type ConnectionEvent =
  | { readonly type: 'disconnected' }
  | { readonly type: 'reconnected' }
  /** The server refused a subject to this user. */
  | { readonly type: 'denied'; readonly operation: string; readonly subject: string }
  | { readonly type: 'error'; readonly reason: string };

/** How to connect. */
export interface ConnectOptions {
  /** `nats://[user:pass@]host:port`, `tls://…` or a token; credentials in it win over `credentials`. */
  readonly url: string;
  readonly role: Role;
  /** Name shown by the server's monitoring. */
  readonly name: string;
  readonly credentials?: Credentials | undefined;
  /** For the first connection; afterwards it is tried for ever. Default 5000 ms. */
  readonly timeoutMs?: number;
  readonly onEvent?: (event: ConnectionEvent) => void;
}

/**
 * A connection to NATS that comes back by itself: once made, it reconnects for ever until closed.
 *
 * What is published while it is broken is lost unless somebody waits for its answer, as every submit, ack and
 * request here does.
 */
export class Connection {
  /** Where it connects to, without password. */
  readonly url: string;
  readonly role: Role;
  /** Resolves when it has ended for good: to nothing after {@link close}, else to the reason. */
  readonly closed: Promise<Fault | undefined>;
  readonly #client: NatsConnection;
  readonly #listeners = new Set<(event: ConnectionEvent) => void>();
  readonly #given: number;
  #connected = true;

  private constructor(client: NatsConnection, { url, servers }: NatsAddress, options: ConnectOptions) {
    this.url = url;
    this.#given = servers.length;
    this.role = options.role;
    this.#client = client;
    if (options.onEvent !== undefined) this.#listeners.add(options.onEvent);
    bindClient(this, client);
    void this.#watch();
    this.closed = client.closed().then((error) => {
      this.#connected = false;
      return error === undefined ? undefined : this.fault(error, 'this server');
    });
  }

  /**
   * Connects.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_LOGIN`, `NATS_CERTIFICATE`, `INSECURE_LISTEN`, `USAGE`
   */
  static async open(options: ConnectOptions): Promise<Connection> {
    const address = parseAddress(options.url);
    const credentials = address.credentials ?? options.credentials;
    checkAddress(address, credentials);
    const pace = new ReconnectPace(() => performance.now());
    let connection: Connection | undefined;
    try {
      const client = await connect({
        servers: [...address.servers],
        name: options.name,
        inboxPrefix: inboxOf(options.role),
        timeout: options.timeoutMs ?? 5_000,
        maxReconnectAttempts: -1,
        // A server that restarts may refuse users for a moment; the refusal is reported, and tried again.
        ignoreAuthErrorAbort: true,
        // An embedded server's other addresses are not ours to follow; a cluster is given as a list.
        ignoreClusterUpdates: true,
        reconnectDelayHandler: () => {
          if (connection?.connected === true) pace.connected();
          return pace.next();
        },
        pingInterval: 10_000,
        maxPingOut: 2,
        noAsyncTraces: true,
        ...(address.tls ? { tls: trustOf(address) } : {}),
        ...(credentials === undefined ? {} : { user: credentials.user, pass: credentials.pass }),
      });
      connection = new Connection(client, address, options);
      return connection;
    } catch (error) {
      throw connectFault(error, address.url, options.role);
    }
  }

  /** Whether the server can be reached now. */
  get connected(): boolean {
    return this.#connected && !this.#client.isClosed();
  }

  /** Version of the server, `2.9.10`. */
  get serverVersion(): string {
    return this.#client.info?.version ?? 'unknown';
  }

  /** How many servers of its cluster the server knows, itself included; 1 alone. */
  get servers(): number {
    const { cluster, connect_urls: urls = [] } = this.#client.info ?? {};
    return cluster === undefined ? 1 : Math.max(urls.length, this.#given);
  }

  /** Largest message that the server takes, in bytes, headers included. */
  get maxPayload(): number {
    return this.#client.info?.max_payload ?? 1024 * 1024;
  }

  /** Calls `listener` on each event; the answer ends that. */
  on(listener: (event: ConnectionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The same promise, but rejected as soon as the connection breaks: an answer on its way is lost then.
   * @throws Fault `NATS_UNREACHABLE`
   */
  orBroken<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = this.on((event) => {
        if (event.type !== 'disconnected') return;
        end();
        reject(new Fault('NATS_UNREACHABLE', { url: this.url, reason: 'the connection broke' }));
      });
      answer.then(resolve, reject).finally(end);
    });
  }

  /** Resolves to whether the connection is up, as soon as it is or after `timeoutMs`. */
  untilConnected(timeoutMs: number): Promise<boolean> {
    if (this.connected) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (up: boolean) => {
        clearTimeout(timer);
        end();
        resolve(up);
      };
      const timer = setTimeout(settle, timeoutMs, false);
      const end = this.on((event) => {
        if (event.type === 'reconnected') settle(true);
      });
      void this.closed.then(() => {
        settle(false);
      });
    });
  }

  /** Tells all listeners of an error that nobody waits for. */
  report(reason: string): void {
    for (const listener of [...this.#listeners]) listener({ type: 'error', reason });
  }

  /** What the client threw while using `subject`, as a fault. */
  fault(thrown: unknown, subject: string): Fault {
    return natsFault(thrown, { url: this.url, role: this.role, subject });
  }

  /** Resolves when the server has read all that was published before. */
  async flush(): Promise<void> {
    await this.#client.flush();
  }

  /** Hands over what was received, sends what was published, then closes. */
  async drain(): Promise<void> {
    if (this.#client.isClosed()) return;
    if (this.connected && !this.#client.isDraining()) await this.#client.drain();
    else await this.#client.close();
  }

  /** Closes at once; safe to repeat. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.#client.status()) {
      const event = eventOf(status);
      if (event === undefined) continue;
      if (event.type === 'disconnected') this.#connected = false;
      if (event.type === 'reconnected') this.#connected = true;
      for (const listener of [...this.#listeners]) listener(event);
    }
  }
}

/**
 * Whom to believe: the authority of a token and no other, else those that Node.js trusts. The client hands the host to TLS
 * only if it is a name, so that an address would be compared as `localhost`: here all are compared alike.
 */
function trustOf({ servers, authority }: NatsAddress) {
  return {
    ...(authority === undefined ? {} : { ca: authority }),
    checkServerIdentity: (_: string, certificate: PeerCertificate): Error | undefined => {
      const problems = servers.map((server) => checkServerIdentity(hostOfServer(server), certificate));
      return problems.includes(undefined) ? undefined : problems[0];
    },
  };
}

// Each role has inboxes of its own, so that the unprivileged cannot listen to answers for the others.
function inboxOf(role: Role): string {
  return role === 'submitter' ? '_INBOX' : `_INBOX_${role}`;
}

function eventOf({ type, data, permissionContext }: Status): ConnectionEvent | undefined {
  if (type === Events.Disconnect) return { type: 'disconnected' };
  if (type === Events.Reconnect) return { type: 'reconnected' };
  if (type !== Events.Error) return undefined;
  return permissionContext === undefined
    ? { type: 'error', reason: typeof data === 'object' ? JSON.stringify(data) : String(data) }
    : { type: 'denied', operation: permissionContext.operation, subject: permissionContext.subject };
}

function connectFault(error: unknown, url: string, role: Role): Fault {
  const fault = natsFault(error, { url, role, subject: `the server ${url}` });
  if (fault.code !== 'INTERNAL') return fault;
  return new Fault('NATS_UNREACHABLE', { url, reason: String(fault.details['reason']) }, error);
}
