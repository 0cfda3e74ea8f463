import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/base/package-root.ts';
import { invitationToken } from '../../src/transport/invitation.ts';
import { findNatsServer } from '../../src/transport/server/nats-server-binary.ts';
import type { Role } from '../../src/transport/subjects.ts';
import { until } from './until.ts';

/** Three nats-servers as docs/three-servers.md has them, on addresses of loopback. */
export interface NatsCluster {
  /** `host:port` of each. */
  readonly servers: readonly string[];
  readonly folder: string;
  /** A token for all of them, or for these. */
  token(role: Role, servers?: readonly string[]): string;
  /** Ends a server, `s1` to `s3`, as a crash does (SIGKILL), and waits until it is gone. */
  kill(name: string): Promise<void>;
  /** Stops a server where it is (SIGSTOP), or lets it go on (SIGCONT). */
  pause(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts it again. */
  start(name: string): Promise<void>;
  stop(): Promise<void>;
}

const configurations = ['nats.conf', 'nats-tls.conf', 'nats-cluster.conf'];
const names = ['s1', 's2', 's3'];
/** Clusters of this process. */
let started = 0;

/** Why this machine cannot run them, `undefined` if it can. */
export const clusterObstacle = await obstacle();

/** Does what the document says, with other addresses: makes certificates and passwords, and starts the servers. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-three-'));
  // All of 127/8 is loopback: on addresses of our own the ports are free.
  const network = `127.${String(1 + (process.pid % 250))}.${String(++started)}.`;
  const [certificates = '', server = ''] = await documented(network);
  for (const file of configurations) await copyFile(join(packageRoot, file), join(folder, file));
  await promisify(execFile)('bash', ['-e', '-c', certificates], { cwd: folder });
  const passwords = await readFile(join(folder, 'passwords.sh'), 'utf8');
  const authority = await readFile(join(folder, 'authority.pem'), 'utf8');
  const servers = names.map((_, index) => `${network}${String(index + 1)}:4222`);
  const running = new Map<string, ChildProcess>();

  const start = async (name: string) => {
    const address = `${network}${name.slice(1)}`;
    const script = server
      .replace(`AUTOTAG_NATS_HOST=${network}1`, `AUTOTAG_NATS_HOST=${address}`)
      .replace('AUTOTAG_NATS_NAME=s1', `AUTOTAG_NATS_NAME=${name}`)
      .replace('50GB', '1GB')
      .replace(/^nats-server/m, `exec '${await findNatsServer()}'`);
    const file = join(folder, `${name}.sh`);
    await writeFile(file, script);
    running.set(name, spawn('bash', ['-e', file], { cwd: folder, stdio: 'ignore' }));
    await until(() => greets(address));
  };
  const kill = async (name: string) => {
    const child = running.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const pause = (name: string, signal: 'SIGSTOP' | 'SIGCONT') => {
    running.get(name)?.kill(signal);
  };
  const stop = async () => {
    await Promise.all(names.map(kill));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const token = (role: Role, wanted: readonly string[] = servers) => {
    const pass = new RegExp(`${role.toUpperCase()}_PASSWORD=(\\w+)`).exec(passwords)?.[1] ?? '';
    const url = wanted.map((address) => `tls://${address}`).join(',');
    return invitationToken({ url, user: role, pass, authority });
  };
  try {
    await Promise.all(names.map(start));
  } catch (error) {
    await stop();
    throw error;
  }
  return { servers, folder, token, kill, pause, start, stop };
}

/** The blocks of commands of the document, for other addresses than its own. */
async function documented(network: string): Promise<string[]> {
  const text = await readFile(join(packageRoot, 'docs/three-servers.md'), 'utf8');
  return Array.from(text.matchAll(/```sh\n([\s\S]*?)```/g), ([, block = '']) =>
    block.replaceAll('10.0.0.', network),
  );
}

async function obstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'only on Linux is all of 127/8 loopback';
  return await promisify(execFile)('openssl', ['version']).then(
    () => undefined,
    () => 'there is no openssl',
  );
}

function greets(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(4222, host);
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
