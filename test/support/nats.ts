import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer } from '../../src/transport/server/nats-server-binary.ts';

/** A real nats-server with JetStream, without users, on a free loopback port, with a data folder of its own. */
export interface TestNats {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataFolder: string;
  /** Ends the server as a crash does (SIGKILL) and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; resolves when it is ready. */
  start(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** Starts a nats-server for a test; `extra` are further command-line arguments. */
export async function startNats(extra: readonly string[] = []): Promise<TestNats> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'autotag-nats-'));
  const port = await freePort();
  const binary = await findNatsServer();
  const run = () => spawn(binary, argumentsFor(port, dataFolder, extra), { stdio: 'ignore' });
  let child = run();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await ready(port, child);
  return {
    url: `nats://127.0.0.1:${String(port)}`,
    port,
    dataFolder,
    get pid() {
      return child.pid ?? 0;
    },
    kill,
    start: async () => {
      child = run();
      await ready(port, child);
    },
    stop: async () => {
      await kill();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** A loopback port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function argumentsFor(port: number, dataFolder: string, extra: readonly string[]): string[] {
  return ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', dataFolder, ...extra];
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with code ${String(child.exitCode)}`);
    if (await greets(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// A server that says INFO has recovered its streams: it listens only afterwards.
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
