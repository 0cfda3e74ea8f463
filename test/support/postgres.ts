import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { runCommand } from '../../scripts/prepare/command.ts';
import { freePort } from './nats.ts';
import { until } from './until.ts';

/** A real PostgreSQL server on a free loopback port, with a data folder and a password of its own. */
export interface TestPostgres {
  readonly port: number;
  readonly password: string;
  /** The URL of a new, empty database. */
  createDatabase(encoding?: string): Promise<string>;
  /** Runs statements in a database as its owner; rows as objects. */
  execute(url: string, sql: string): Promise<Record<string, unknown>[]>;
  /** Begins a transaction with a statement, and leaves it open until the answer is called. */
  hold(url: string, sql: string): Promise<() => Promise<void>>;
  /** Stops all of its processes (SIGSTOP): connections stay, nobody answers. */
  pause(): void;
  resume(): void;
  /** Ends the whole server as a power cut does (SIGKILL) and waits until it is gone. */
  kill(): Promise<void>;
  /** Stops it as an operator does: open connections are ended. */
  shutDown(): Promise<void>;
  /** Starts it again on the same port and data; resolves when it is ready. */
  start(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

const superuser = 'postgres';

/**
 * Starts a PostgreSQL server for a test; `settings` are further lines of its configuration, as `name=value`.
 * @throws Error that says how to install it, where it is not
 */
export async function startPostgres(settings: readonly string[] = []): Promise<TestPostgres> {
  const initdb = program('initdb');
  const postgres = program('postgres');
  const folder = await mkdtemp(join(tmpdir(), 'autotag-postgres-'));
  await chmod(folder, 0o755);
  const data = join(folder, 'data');
  const password = 'it"s @ pass/word%';
  const port = await freePort();
  await initialise(initdb, folder, data, password);
  const run = () => spawnServer(postgres, data, port, folder, settings);
  const urlOf = (database: string) =>
    `postgresql://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/${database}`;
  const execute = async (url: string, sql: string) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const ready = () =>
    until(() =>
      execute(urlOf('postgres'), 'SELECT 1')
        .then(() => true)
        .catch(() => false),
    );
  let child = run();
  let databases = 0;
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    for (const pid of signal === 'SIGKILL' ? processesOf(child) : [child.pid ?? 0]) signalTo(pid, signal);
    await gone;
  };
  await ready();
  return {
    port,
    password,
    createDatabase: async (encoding = 'UTF8') => {
      databases += 1;
      const name = `autotag_${String(databases)}`;
      await execute(
        urlOf('postgres'),
        `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`,
      );
      return urlOf(name);
    },
    execute,
    hold: async (url, sql) => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      await client.query('BEGIN');
      await client.query(sql);
      return () => client.end();
    },
    pause: () => {
      for (const pid of processesOf(child)) signalTo(pid, 'SIGSTOP');
    },
    resume: () => {
      for (const pid of processesOf(child)) signalTo(pid, 'SIGCONT');
    },
    kill: () => end('SIGKILL'),
    shutDown: () => end('SIGINT'),
    start: async () => {
      child = run();
      await ready();
    },
    stop: async () => {
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function initialise(initdb: string, folder: string, data: string, password: string): Promise<void> {
  const passwordFile = join(folder, 'password');
  await runCommand('sh', ['-c', 'umask 077 && printf "%s" "$1" > "$2"', 'sh', password, passwordFile]);
  if (isRoot()) await runCommand('chown', ['-R', superuser, folder]);
  const [command = '', ...rest] = asServer([
    initdb,
    ...['-D', data, '-U', superuser, '--pwfile', passwordFile, '-A', 'scram-sha-256'],
    ...['-E', 'UTF8', '--locale', 'C', '--no-sync'],
  ]);
  await runCommand(command, rest, { cwd: folder });
}

function spawnServer(
  postgres: string,
  data: string,
  port: number,
  folder: string,
  settings: readonly string[],
): ChildProcess {
  const [command = '', ...rest] = asServer([
    postgres,
    ...['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder],
    ...settings.flatMap((setting) => ['-c', setting]),
  ]);
  return spawn(command, rest, { stdio: 'ignore', cwd: folder });
}

/** The server's own process first, then one a connection and some more; each of these leads a group of its own. */
function processesOf({ pid = 0 }: ChildProcess): number[] {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return [pid, ...children.trim().split(/\s+/).filter(Boolean).map(Number)];
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** PostgreSQL refuses to run as root. */
function asServer(command: readonly string[]): readonly string[] {
  if (!isRoot()) return command;
  return ['setpriv', `--reuid=${superuser}`, `--regid=${superuser}`, '--init-groups', ...command];
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Debian keeps the server's programs beside the path, in a folder a version; others on it. */
function program(name: string): string {
  const versions = '/usr/lib/postgresql';
  const installed = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...installed.map((version) => join(versions, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    `this test starts a PostgreSQL server of its own, and there is no ${name}; on Debian: apt-get install postgresql`,
  );
}
