import { spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Fault, reasonOf } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';
import { Connection } from '../connection.ts';
import { serverPasswords, type ServerPasswords } from '../credentials.ts';
import type { DataFolderLock } from './data-folder-lock.ts';
import { diskBudget, type DiskBudget } from './disk-budget.ts';
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

/**
 * The nats-server of a node: a process of its own with this package's `nats.conf`, which Ctrl-C does not reach and which
 * outlives a killed node. The next node on the data folder adopts it.
 */
export class NatsServer {
  /** Where it listens, `nats://127.0.0.1:PORT`. */
  readonly url: string;
  readonly pid: number;
  /** Whether an earlier node started it. */
  readonly adopted: boolean;
  readonly passwords: ServerPasswords;
  /** What its streams may take of the disk. */
  readonly budget: DiskBudget;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<ServerExit>;

  private constructor(
    process: RunningServer & { readonly adopted: boolean; readonly exited: Promise<ServerExit> },
    passwords: ServerPasswords,
    budget: DiskBudget,
  ) {
    this.url = urlOf(process.port);
    this.pid = process.pid;
    this.adopted = process.adopted;
    this.exited = process.exited;
    this.passwords = passwords;
    this.budget = budget;
  }

  /**
   * Adopts the server that runs on the data folder, or starts one; resolves when it takes connections.
   * @throws Fault `NATS_MISSING`, `NATS_START`, `PORT_IN_USE`, `DATA_FOLDER`
   */
  static async start(options: NatsServerOptions): Promise<NatsServer> {
    const { lock, port, reserveBytes, queueBytes } = options;
    const passwords = await serverPasswords(lock.folder);
    const { files, budget } = await prepare(lock.folder, reserveBytes, queueBytes);
    const running = await findRunning(files);
    if (running?.port === port && (await answers(running, passwords, options.adoptTimeoutMs ?? 5_000)))
      return new NatsServer({ ...running, adopted: true, exited: untilGone(running.pid) }, passwords, budget);
    // It hangs, or another port is wanted: a second server on the store would damage it.
    if (running !== undefined) await endProcess(running.pid, untilGone(running.pid), replaceTimeoutMs);
    if (await isTaken(port)) throw new Fault('PORT_IN_USE', { port, option: '--port' });
    const child = await launch(options, files, passwords, budget);
    const process = { ...child, port, adopted: false };
    if (await answers(process, passwords, options.startTimeoutMs ?? 60_000))
      return new NatsServer(process, passwords, budget);
    signal(process.pid, 'SIGKILL');
    throw await startFault(files, port);
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

async function prepare(
  dataFolder: string,
  reserveBytes: number,
  queueBytes: number,
): Promise<{ files: ServerFiles; budget: DiskBudget }> {
  try {
    const files = await prepareFiles(dataFolder);
    return { files, budget: await diskBudget(files.store, reserveBytes, queueBytes) };
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder: dataFolder, reason: reasonOf(error) }, error);
  }
}

async function launch(
  { name, port }: NatsServerOptions,
  files: ServerFiles,
  passwords: ServerPasswords,
  budget: DiskBudget,
): Promise<{ pid: number; exited: Promise<ServerExit> }> {
  const binary = await findNatsServer();
  await Promise.all([files.pid, files.log].map((file) => rm(file, { force: true })));
  const output = await open(files.output, 'w', 0o600);
  try {
    const configuration = join(packageRoot, 'nats.conf');
    const child = spawn(binary, ['-c', configuration, '-p', String(port), '-P', files.pid, '-l', files.log], {
      // A group of its own, and no pipes: it must outlive this process, and Ctrl-C is for the node to handle.
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: { ...process.env, ...variables(name, port, files, passwords, budget) },
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
  port: number,
  { store }: ServerFiles,
  passwords: ServerPasswords,
  budget: DiskBudget,
): Record<string, string> {
  return {
    AUTOTAG_NATS_NAME: JSON.stringify(name),
    AUTOTAG_NATS_PORT: String(port),
    AUTOTAG_NATS_STORE: JSON.stringify(store),
    AUTOTAG_NATS_MAX_FILE_STORE: String(budget.maxFileStore),
    AUTOTAG_NATS_SUBMITTER_PASSWORD: passwords.submitter,
    AUTOTAG_NATS_NODE_PASSWORD: passwords.node,
    AUTOTAG_NATS_OPERATOR_PASSWORD: passwords.operator,
  };
}

/** Whether the process takes our password within the time: then it is the server of this data folder, and ready. */
async function answers(
  { pid, port }: RunningServer,
  passwords: ServerPasswords,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const credentials = { user: 'node', pass: passwords.node };
  while (performance.now() < deadline && isAlive(pid)) {
    try {
      const probe = { url: urlOf(port), role: 'node', name: 'probe', credentials, timeoutMs: 2_000 } as const;
      await (await Connection.open(probe)).close();
      return true;
    } catch (error) {
      // Another program has the port, or ours is not ready yet.
      if (error instanceof Fault && error.code === 'NATS_DENIED') return false;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
  return false;
}

async function startFault(files: ServerFiles, port: number): Promise<Fault> {
  const reason = await lastComplaint(files);
  return reason.includes('address already in use')
    ? new Fault('PORT_IN_USE', { port, option: '--port' })
    : new Fault('NATS_START', { reason: reason === '' ? 'it gave no reason' : reason });
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function urlOf(port: number): string {
  return `nats://127.0.0.1:${String(port)}`;
}
