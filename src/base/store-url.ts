import { Fault } from './errors.ts';

/** How a PostgreSQL server is reached. */
export interface ServerAddress {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Default: `PGUSER`, or the user that this process runs as. */
  readonly user?: string | undefined;
  /** Default: `PGPASSWORD`, or the entry of `~/.pgpass`. */
  readonly password?: string | undefined;
  /** Files of TLS; absent where nothing leaves this machine. The server's certificate and name are always checked. */
  readonly tls?: TlsFiles | undefined;
}

/** Paths of PEM files. */
export interface TlsFiles {
  /** Who has signed the server's certificate; default: the authorities that Node knows. */
  readonly authority?: string | undefined;
  /** What this node shows of itself, and its key. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

const parameters = ['host', 'user', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];
const modes = ['disable', 'verify-full'];

/**
 * Reads `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE`, or
 * `postgresql:///DATABASE?host=/var/run/postgresql` for a Unix socket. Outside this machine TLS is the default, and a must.
 * @throws Fault `USAGE`; no message holds anything of the URL that may be a password
 */
export function parseStoreUrl(text: string): ServerAddress {
  const url = urlOf(text);
  const given = parametersOf(url);
  const host = given.get('host') ?? decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw wrong('names no host');
  const database = decoded(url.pathname.slice(1));
  if (database === '' || database.includes('/'))
    throw wrong('names no database; write it after the host: postgresql://HOST/DATABASE');
  const near = isNear(host);
  const mode = given.get('sslmode') ?? (near ? 'disable' : 'verify-full');
  if (!modes.includes(mode))
    throw wrong(
      `has an sslmode that is not one of ${modes.join(', ')}: a certificate is checked or not asked for`,
    );
  if (mode === 'disable' && !near)
    throw wrong(
      'names another machine without TLS; leave out sslmode=disable, or use a Unix socket or loopback',
    );
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database,
    user: url.username === '' ? given.get('user') : decoded(url.username),
    password: url.password === '' ? undefined : decoded(url.password),
    tls: mode === 'disable' ? undefined : tlsFiles(given),
  };
}

/**
 * Where the database of a URL is, without user and password: safe to print.
 * @throws Fault `USAGE`
 */
export function storePlace(text: string): string {
  const { host, port, database } = parseStoreUrl(text);
  if (host.startsWith('/')) return `postgresql:///${database}?host=${host}`;
  return `postgresql://${host.includes(':') ? `[${host}]` : host}:${String(port)}/${database}`;
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol))
    throw wrong('is no URL of PostgreSQL; write postgresql://USER@HOST:PORT/DATABASE');
  if (url.hash !== '') throw wrong('has a #; write %23 where a password has one');
  return url;
}

function parametersOf(url: URL): Map<string, string> {
  const given = new Map(url.searchParams);
  for (const name of given.keys())
    if (!parameters.includes(name))
      throw wrong(`has a parameter that is not one of ${parameters.join(', ')}`);
  const socket = given.get('host');
  if (socket !== undefined && (!socket.startsWith('/') || url.hostname !== ''))
    throw wrong('has a host= that is not the folder of a Unix socket instead of a host');
  return given;
}

function tlsFiles(given: ReadonlyMap<string, string>): TlsFiles {
  const [certificate, key] = [given.get('sslcert'), given.get('sslkey')];
  if ((certificate === undefined) !== (key === undefined))
    throw wrong('has sslcert without sslkey, or the reverse');
  return { authority: given.get('sslrootcert'), certificate, key };
}

/** Whether nothing that is sent there leaves this machine. */
function isNear(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong('has a % that encodes nothing; write %25');
  }
}

function wrong(problem: string): Fault {
  return new Fault('USAGE', { reason: `--store-url ${problem}` });
}
