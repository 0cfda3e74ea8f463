import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLine, isAlive } from './server-process.ts';

/** Where a data folder keeps what belongs to its nats-server. */
export interface ServerFiles {
  readonly folder: string;
  /** JetStream's store. */
  readonly store: string;
  readonly pid: string;
  readonly log: string;
  /** What it prints before it has a log. */
  readonly output: string;
}

/** A nats-server that runs on a data folder. */
export interface RunningServer {
  readonly pid: number;
  /** Its configuration file. */
  readonly configuration: string;
  readonly host: string;
  readonly port: number;
}

/** Creates the folders of a server. */
export async function prepareFiles(dataFolder: string): Promise<ServerFiles> {
  const folder = join(dataFolder, 'nats');
  const store = join(folder, 'store');
  await mkdir(store, { recursive: true, mode: 0o700 });
  return {
    folder,
    store,
    pid: join(folder, 'nats-server.pid'),
    log: join(folder, 'nats-server.log'),
    output: join(folder, 'nats-server.out'),
  };
}

/**
 * The server that a node left behind on these files, if it still runs. Process ids are used again: only one whose command
 * line names our pid file is ours.
 */
export async function findRunning(files: ServerFiles): Promise<RunningServer | undefined> {
  const pid = Number(await textOf(files.pid));
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  const command = await commandLine(pid);
  if (!command.includes(files.pid)) return undefined;
  const [, configuration = '', host = '', port = ''] = / -c (.+) -a (\S+) -p (\d+) /.exec(command) ?? [];
  return { pid, configuration, host, port: Number(port) };
}

/** Why a server did not start: the last complaint of its log, else what it printed. */
export async function lastComplaint(files: ServerFiles): Promise<string> {
  const log = (await textOf(files.log)).split('\n');
  const complaint = log.findLast((line) => /\[(FTL|ERR)\]/.test(line));
  if (complaint !== undefined) return complaint.replace(/^.*\[(FTL|ERR)\]\s*/, '');
  return (await textOf(files.output)).trim().split('\n').at(-1) ?? '';
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
