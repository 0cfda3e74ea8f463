import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { z } from 'zod';
import { packageRoot } from '../../src/base/package-root.ts';

const cli = join(packageRoot, 'dist', 'src', 'cli', 'main.js');
const up = z.object({ http: z.string(), pid: z.number() });

/** How it is started, besides its places: with pictures for the page. */
export const nodeStart = ['start', '--thumbnail-px', '320'] as const;

/** What `cluster` has printed. */
interface Printed {
  readonly code: number | null;
  readonly out: string;
}

/** A node on ports of its own, with data that go when it stops; commands of `cluster` for it. */
export class DemoNode {
  readonly #heart: ChildProcess;
  readonly #lines: Interface;
  readonly #data: string;
  readonly #port: number;
  #up: z.infer<typeof up> | undefined;

  private constructor(data: string, { port, httpPort }: { port: number; httpPort: number }) {
    this.#data = data;
    this.#port = port;
    const places = ['--port', String(port), '--http-port', String(httpPort), '--data', data];
    const words = [...nodeStart, '--json', '--log-level', 'error', ...places];
    this.#heart = spawn(process.execPath, [cli, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: packageRoot,
    });
    if (this.#heart.stdout === null) throw new Error('The node has no output.');
    this.#lines = createInterface({ input: this.#heart.stdout });
  }

  /** @throws Error if it does not start */
  static async start(): Promise<DemoNode> {
    const data = await mkdtemp(join(tmpdir(), 'autotag-demo-'));
    const node = new DemoNode(data, { port: await freePort(), httpPort: await freePort() });
    await node.untilUp();
    return node;
  }

  /** Where its page is. */
  get pageUrl(): string {
    if (this.#up === undefined) throw new Error('The node does not run.');
    return `${this.#up.http}/`;
  }

  /** Ends its process as a crash does; the process above starts another one. Resolves when that is up. */
  async crash(): Promise<void> {
    const isUp = this.untilUp();
    if (this.#up !== undefined) process.kill(this.#up.pid, 'SIGKILL');
    await isUp;
  }

  /** Resolves when the node says that it is up, for the first time or again. */
  async untilUp(): Promise<void> {
    const ended = once(this.#heart, 'exit').then(() => Promise.reject(new Error('The node did not start.')));
    ended.catch(() => undefined);
    const [line] = (await Promise.race([once(this.#lines, 'line'), ended])) as [string];
    this.#up = up.parse(JSON.parse(line));
  }

  /** Runs a command of `cluster`; its output goes to the terminal. @throws Error if it fails */
  async run(...words: readonly string[]): Promise<void> {
    const child = this.#spawn(words, 'inherit');
    await once(child, 'exit');
    if (child.exitCode !== 0) throw new Error(`cluster ${words[0] ?? ''} failed.`);
  }

  /** Runs a command of `cluster` unseen. */
  async read(...words: readonly string[]): Promise<Printed> {
    const child = this.#spawn(words, 'pipe');
    let out = '';
    child.stdout?.on('data', (part: Buffer) => (out += part.toString()));
    await once(child, 'close');
    return { code: child.exitCode, out };
  }

  /** The page's address for somebody who may do everything: the token at its end opens a session. */
  async operatorUrl(): Promise<string> {
    const { out } = await this.read('token', 'add', 'demo', '--role', 'operator', '--json');
    const { token } = z.object({ token: z.string() }).parse(JSON.parse(out));
    return `${this.pageUrl}#token=${token}`;
  }

  /** Ends it, and removes its data. */
  async stop(): Promise<void> {
    this.#heart.kill('SIGTERM');
    if (this.#heart.exitCode === null && this.#heart.signalCode === null) await once(this.#heart, 'exit');
    await rm(this.#data, { recursive: true, force: true });
  }

  #spawn(words: readonly string[], stdio: 'inherit' | 'pipe'): ChildProcess {
    const environment = {
      ...process.env,
      CLUSTER_NATS_URL: `nats://127.0.0.1:${String(this.#port)}`,
    };
    return spawn(process.execPath, [cli, ...words], { stdio, env: environment, cwd: packageRoot });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.');
  return address.port;
}
