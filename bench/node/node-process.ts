import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeOptionName } from '../../src/base/options.ts';
import { builtEntry } from '../../src/base/built-entry.ts';

/** What a node process is started with. */
export interface NodeRequest {
  readonly options: Partial<Record<NodeOptionName, unknown>>;
  /** Code of its worker threads, a `file:` URL; default the photo tagger. */
  readonly threadEntry?: string;
}

/** What it is told on its command line, as JSON. */
export interface StartMessage extends NodeRequest {
  /** Removed when it stops. */
  readonly dataFolder: string;
}

/** What a node process uses, after a garbage collection. */
export interface NodeUsage {
  readonly residentBytes: number;
  /** Of all its threads since its start; its nats-server, a process of its own, is not in it. */
  readonly cpuMs: number;
}

/** A node in a process of its own, with its nats-server and an empty data folder. */
export class NodeProcess {
  readonly url: string;
  readonly dataFolder: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, dataFolder: string, url: string) {
    this.#child = child;
    this.dataFolder = dataFolder;
    this.url = url;
  }

  /** Starts it; resolves when it takes photos. */
  static async start(request: NodeRequest): Promise<NodeProcess> {
    const dataFolder = await mkdtemp(join(tmpdir(), 'autotag-bench-'));
    const options = { port: await freePort(), httpPort: 0, logLevel: 'error' };
    const told: StartMessage = { ...request, dataFolder, options: { ...options, ...request.options } };
    const child = fork(builtEntry('node-entry', import.meta.url), [JSON.stringify(told)], {
      execArgv: ['--expose-gc', ...profiling()],
      // Credentials of a bench are nobody else's business.
      env: { ...process.env, XDG_CONFIG_HOME: dataFolder },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    return new NodeProcess(child, dataFolder, await answer<string>(child));
  }

  async usage(): Promise<NodeUsage> {
    this.#child.send('usage');
    return await answer<NodeUsage>(this.#child);
  }

  /** Stops it and removes its data. */
  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

async function answer<T>(child: ChildProcess): Promise<T> {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]: unknown[]) => {
        throw new Error(`The node ended with code ${String(code)}.`);
      }),
    ])) as [T];
    return message;
  } finally {
    heard.abort();
  }
}

/** `AUTOTAG_BENCH_PROFILE=DIR` has every node leave a CPU profile there. */
function profiling(): string[] {
  const folder = process.env['AUTOTAG_BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
