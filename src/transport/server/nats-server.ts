import { spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Fault, reasonOf } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';
import type { Credentials } from '../address.ts';
import { Connection } from '../connection.ts';
import { serverPasswords, type ServerPasswords } from '../credentials.ts';
import { invitationToken } from '../invitation.ts';
import type { Role } from '../subjects.ts';
import { serverIdentity } from './authority.ts';
import type { DataFolderLock } from './data-folder-lock.ts';
import { diskBudget, type DiskBudget } from './disk-budget.ts';
import { keepListening } from './invitations.ts';
import { certifiedHosts, type Listening } from './listening.ts';
import { checkFree, configurationOf, endpointOf, ownUrl, portInUse, type Endpoint } from './endpoint.ts';
import { findNatsServer } from './nats-server-binary.ts';
import {
  findRunning,
  lastComplaint,
  prepareFiles,
  type RunningServer,
  type ServerFiles,
} from './server-files.ts';
import { endProcess, isAlive, signal, untilGone, type ServerExit } from './server-process.ts';

/** How to run the embedded server. */
export interface NatsServerOptions {
  /** The lock on the data folder: nobody else may run a server on it. */
  readonly lock: DataFolderLock;
  /** Name of the server, that of its node. */
  readonly name: string;
  /** Port on loopback. */
  readonly port: number;
  /** Where it listens in place of loopback: with TLS, and with nobody who needs no password. */
  readonly listening?: Listening | undefined;
  /** Disk space that is never filled, bytes. */
  readonly reserveBytes: number;
  /** Largest queue of photos, bytes; 0 sizes it from the free disk. */
  readonly queueBytes: number;
  /** Default 60000 ms: a large store is read before the server listens. */
  readonly startTimeoutMs?: number;
  /** How long one that was left behind may take to answer before it is replaced. Default 5000 ms. */
  readonly adoptTimeoutMs?: number;
}

const defaultStopTimeoutMs = 5_000;
const replaceTimeoutMs = 2_000;
const pollMs = 50;

/** How to log in. */
export interface ServerAccess {
  /** A URL, or the token of an invitation. */
  readonly url: string;
  readonly credentials: Credentials;
}

interface ServerProcess {
  readonly pid: number;
  readonly adopted: boolean;
  readonly exited: Promise<ServerExit>;
}

interface ServerPlan {
  readonly endpoint: Endpoint;
  readonly files: ServerFiles;
  readonly passwords: ServerPasswords;
  readonly budget: DiskBudget;
}

/**
 * The nats-server of a node: a process of its own with this package's `nats.conf`, which Ctrl-C does not reach and which
 * outlives a killed node. The next node on the data folder adopts it.
 */
export class NatsServer {
  /** Where it listens, `nats://127.0.0.1:PORT` or `tls://HOST:PORT`. */
  readonly url: string;
  readonly pid: number;
  /** Whether an earlier node started it. */
  readonly adopted: boolean;
  readonly passwords: ServerPasswords;
  /** What its streams may take of the disk. */
  readonly budget: DiskBudget;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<ServerExit>;
  readonly #endpoint: Endpoint;
  readonly #folder: string;

  private constructor(server: ServerPlan & ServerProcess) {
    const { endpoint, files, passwords, budget, pid, adopted, exited } = server;
    this.url = ownUrl(endpoint);
    this.pid = pid;
    this.adopted = adopted;
    this.exited = exited;
    this.passwords = passwords;
    this.budget = budget;
    this.#endpoint = endpoint;
    this.#folder = files.folder;
  }

  /**
   * Adopts the server that runs on the data folder, or starts one; resolves when it takes connections.
   * @throws Fault `NATS_MISSING`, `NATS_START`, `PORT_IN_USE`, `LISTEN_ADDRESS`, `DATA_FOLDER`
   */
  static async start(options: NatsServerOptions): Promise<NatsServer> {
    const plan = await prepare(options);
    const process = (await adopt(plan, options)) ?? (await startAnew(plan, options));
    await keepListening(plan.files.folder, plan.endpoint.publicUrl);
    return new NatsServer({ ...plan, ...process });
  }

  /** How a connection of this machine logs in. */
  accessAs(role: Role): ServerAccess {
    return accessTo({ endpoint: this.#endpoint, passwords: this.passwords }, role);
  }

  /** A token for other machines, `undefined` if they cannot reach it. It holds a password. */
  invitation(role: Role): string | undefined {
    const { publicUrl, identity } = this.#endpoint;
    if (publicUrl === undefined || identity === undefined) return undefined;
    const { authority } = identity;
    return invitationToken({ url: publicUrl, user: role, pass: this.passwords[role], authority });
  }

  /**
   * Renews its certificate if that is due; connections stay.
   * @throws Error if the files cannot be read or written
   */
  async renew(now = new Date()): Promise<void> {
    if (this.#endpoint.identity === undefined) return;
    const { renewed } = await serverIdentity(this.#folder, certifiedHosts(this.#endpoint), now);
    if (renewed) signal(this.pid, 'SIGHUP');
  }

  /** Asks it to end, kills it after `timeoutMs`; resolves when it is gone. */
  async stop(timeoutMs = defaultStopTimeoutMs): Promise<void> {
    await endProcess(this.pid, this.exited, timeoutMs);
  }

  /** Kills it. */
  kill(): void {
    signal(this.pid, 'SIGKILL');
  }
}

async function prepare(options: NatsServerOptions): Promise<ServerPlan> {
  const { lock, reserveBytes, queueBytes } = options;
  const passwords = await serverPasswords(lock.folder);
  try {
    const files = await prepareFiles(lock.folder);
    const endpoint = await endpointOf(options, files.folder);
    return { endpoint, files, passwords, budget: await diskBudget(files.store, reserveBytes, queueBytes) };
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder: lock.folder, reason: reasonOf(error) }, error);
  }
}

/** The server that an earlier node left behind, if it can be used; otherwise it ends. */
async function adopt(plan: ServerPlan, options: NatsServerOptions): Promise<ServerProcess | undefined> {
  const { endpoint, files } = plan;
  const running = await findRunning(files);
  if (running === undefined) return undefined;
  const { pid } = running;
  if (isAt(running, endpoint)) {
    if (endpoint.identity?.renewed === true) signal(pid, 'SIGHUP');
    if (await answers(pid, plan, options.adoptTimeoutMs ?? 5_000))
      return { pid, adopted: true, exited: untilGone(pid) };
  }
  // It hangs, or is wanted elsewhere: a second server on the store would damage it.
  await endProcess(pid, untilGone(pid), replaceTimeoutMs);
  return undefined;
}

async function startAnew(plan: ServerPlan, options: NatsServerOptions): Promise<ServerProcess> {
  const { endpoint, files } = plan;
  await checkFree(endpoint);
  const child = await launch(options.name, plan);
  if (await answers(child.pid, plan, options.startTimeoutMs ?? 60_000)) return { ...child, adopted: false };
  signal(child.pid, 'SIGKILL');
  throw await startFault(files, endpoint);
}

async function launch(name: string, plan: ServerPlan): Promise<{ pid: number; exited: Promise<ServerExit> }> {
  const { endpoint, files } = plan;
  const binary = await findNatsServer();
  await Promise.all([files.pid, files.log].map((file) => rm(file, { force: true })));
  const output = await open(files.output, 'w', 0o600);
  try {
    const configuration = join(packageRoot, configurationOf(endpoint));
    const listen = ['-a', endpoint.host, '-p', String(endpoint.port)];
    const child = spawn(binary, ['-c', configuration, ...listen, '-P', files.pid, '-l', files.log], {
      // A group of its own, and no pipes: it must outlive this process, and Ctrl-C is for the node to handle.
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: { ...process.env, ...variables(name, plan) },
    });
    child.unref();
    const exited = new Promise<ServerExit>((resolve) => {
      child.once('exit', (code, name) => {
        resolve({ code, signal: name });
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return { pid: child.pid ?? 0, exited };
  } catch (error) {
    throw new Fault('NATS_START', { reason: reasonOf(error) }, error);
  } finally {
    await output.close();
  }
}

// The configuration reads variables as values of its own syntax: what may look like something else is quoted.
function variables(
  name: string,
  { endpoint: { host, port, identity }, files: { store }, passwords, budget }: ServerPlan,
): Record<string, string> {
  const file = identity?.file ?? '';
  return {
    AUTOTAG_NATS_NAME: JSON.stringify(name),
    AUTOTAG_NATS_HOST: JSON.stringify(host),
    AUTOTAG_NATS_PORT: String(port),
    AUTOTAG_NATS_STORE: JSON.stringify(store),
    AUTOTAG_NATS_MAX_FILE_STORE: String(budget.maxFileStore),
    AUTOTAG_NATS_SUBMITTER_PASSWORD: passwords.submitter,
    AUTOTAG_NATS_NODE_PASSWORD: passwords.node,
    AUTOTAG_NATS_OPERATOR_PASSWORD: passwords.operator,
    AUTOTAG_NATS_CERTIFICATE: JSON.stringify(file),
    AUTOTAG_NATS_KEY: JSON.stringify(file),
  };
}

/** Whether the process takes our password within the time: then it is the server of this data folder, and ready. */
async function answers(pid: number, plan: ServerPlan, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const access = accessTo(plan, 'node');
  while (performance.now() < deadline && isAlive(pid)) {
    try {
      const probe = { ...access, role: 'node', name: 'probe', timeoutMs: 2_000 } as const;
      await (await Connection.open(probe)).close();
      return true;
    } catch (error) {
      // Another program has the port, or ours is not ready yet.
      if (error instanceof Fault && error.code === 'NATS_LOGIN') return false;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
  return false;
}

function accessTo(
  { endpoint, passwords }: Pick<ServerPlan, 'endpoint' | 'passwords'>,
  role: Role,
): ServerAccess {
  const [url, credentials] = [ownUrl(endpoint), { user: role, pass: passwords[role] }];
  const authority = endpoint.identity?.authority;
  return {
    url: authority === undefined ? url : invitationToken({ url, ...credentials, authority }),
    credentials,
  };
}

function isAt({ configuration, host, port }: RunningServer, endpoint: Endpoint): boolean {
  return (
    basename(configuration) === configurationOf(endpoint) && host === endpoint.host && port === endpoint.port
  );
}

async function startFault(files: ServerFiles, endpoint: Endpoint): Promise<Fault> {
  const reason = await lastComplaint(files);
  return reason.includes('address already in use')
    ? portInUse(endpoint)
    : new Fault('NATS_START', { reason: reason === '' ? 'it gave no reason' : reason });
}
