import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRunning, prepareFiles } from '../../src/transport/server/server-files.ts';
import { signal, untilGone } from '../../src/transport/server/server-process.ts';

/** The data folder of a test's node. */
export interface DataFolder {
  readonly path: string;
  /** Process id of the nats-server that runs on it. */
  natsServer(): Promise<number | undefined>;
  /** Ends the nats-server as a crash does (SIGKILL), and waits until it is gone. */
  killNatsServer(): Promise<void>;
  /** Ends the nats-server if one was left behind, and removes everything. */
  remove(): Promise<void>;
}

/** Makes a data folder. */
export async function dataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), 'autotag-node-'));
  const natsServer = async () => (await findRunning(await prepareFiles(path)))?.pid;
  const killNatsServer = async () => {
    const pid = await natsServer();
    if (pid === undefined) return;
    signal(pid, 'SIGKILL');
    await untilReaped(pid);
  };
  const remove = async () => {
    await killNatsServer();
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
  };
  return { path, natsServer, killNatsServer, remove };
}

// A server whose node was killed before it is an orphan that init reaps, or stays a zombie where nobody does.
async function untilReaped(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined);
    if (stat === undefined) break;
    if (stat.includes(') Z ')) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (process.platform !== 'linux') await untilGone(pid);
}
