import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeOptionName } from '../../src/base/options.ts';
import { threadEntry } from '../../src/base/thread-entry.ts';
import { untilAtWork } from './at-work.ts';
import { ClusterClient } from './cluster-client.ts';
import { dataFolder, type DataFolder } from './data-folder.ts';
import { readMetric } from './metrics.ts';
import { freePort } from './nats.ts';

/** What a node process tells its test. */
export type NodeMessage =
  | { readonly type: 'ready'; readonly url: string; readonly httpUrl: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** Options of a node, besides its folder and ports. */
export type GivenOptions = Partial<Record<NodeOptionName, unknown>>;

const counted = ['autotag_kernel_runs_total', 'autotag_redeliveries_total'] as const;

/** A metric that is added up over the lives of a node. */
export type CountedMetric = (typeof counted)[number];

/** A node in a process of its own, which can be killed and started again on the same data. */
export class NodeProcess {
  readonly data: DataFolder;
  readonly #options: GivenOptions;
  readonly #jobEntry: URL | undefined;
  readonly #past = new Map<CountedMetric, number>();
  #child: ChildProcess | undefined;
  #ending = false;
  #url = '';
  #httpUrl = '';

  private constructor(data: DataFolder, options: GivenOptions, jobEntry: URL | undefined) {
    this.data = data;
    this.#options = options;
    this.#jobEntry = jobEntry;
  }

  /** Starts a node on a new data folder and free ports; `jobEntry` is the code of its job threads. */
  static async start(options: GivenOptions = {}, jobEntry?: URL): Promise<NodeProcess> {
    const data = await dataFolder();
    const port = await freePort();
    const defaults = { data: data.path, port, httpPort: 0, diskReserveBytes: 0, logLevel: 'warn' };
    const node = new NodeProcess(data, { ...defaults, ...options }, jobEntry);
    try {
      await node.start();
      return node;
    } catch (error) {
      await node.dispose();
      throw error;
    }
  }

  /** Its name. */
  get name(): string {
    return typeof this.#options.name === 'string' ? this.#options.name : 'n1';
  }

  /** Where its NATS server listens. */
  get url(): string {
    return this.#url;
  }

  /** Whether it has ended by itself. */
  get failed(): boolean {
    return this.#child !== undefined && !this.#runs && !this.#ending;
  }

  get #runs(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it after {@link kill} or {@link stop}. */
  async start(): Promise<void> {
    const { url, execArgv } = threadEntry('node-process-entry', import.meta.url);
    const log = openSync(this.#logFile, 'a');
    const child = fork(url, [JSON.stringify(this.#options), this.#jobEntry?.href ?? ''], {
      execArgv,
      stdio: ['ignore', log, log, 'ipc'],
      // As `cluster start` has it.
      env: { MALLOC_ARENA_MAX: '2', ...process.env, XDG_CONFIG_HOME: this.data.path },
    });
    closeSync(log);
    this.#child = child;
    this.#ending = false;
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the node ended with ${String(code)}\n${this.log().slice(-2_000)}`);
    });
    exited.catch(() => undefined);
    const [message] = (await Promise.race([once(child, 'message'), exited])) as [NodeMessage];
    if (message.type === 'failed') throw new Error(`${message.code}: ${message.message}`);
    this.#url = message.url;
    this.#httpUrl = message.httpUrl;
    const { name, nats, takes } = this.#options;
    if (takes === 'tasks') return;
    const dataFolder = this.data.path;
    await untilAtWork({ url: this.#url, dataFolder, ...(typeof name === 'string' && { name }) }, nats);
  }

  /** Connects to it. */
  connect(role?: 'submitter' | 'operator'): Promise<ClusterClient> {
    return ClusterClient.open({ url: this.#url, dataFolder: this.data.path }, role);
  }

  /**
   * Ends it as a crash does (SIGKILL); its nats-server lives on.
   * @param lastLook - waited for right before
   */
  async kill(lastLook?: () => Promise<void>): Promise<void> {
    const child = this.#process;
    for (const name of counted) this.#past.set(name, await this.count(name));
    await lastLook?.();
    await this.#end(child, 'SIGKILL');
  }

  /** Holds it (`SIGSTOP`), or lets it go on (`SIGCONT`). */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(name);
  }

  /**
   * Asks it to end.
   * @returns how long that took, ms
   */
  async stop(): Promise<number> {
    const started = performance.now();
    const code = await this.#end(this.#process, 'SIGTERM');
    if (code !== 0) throw new Error(`the node stopped with ${String(code)}`);
    return performance.now() - started;
  }

  /** A counter, over all of its lives; what a life counted in its last moment before a kill is missing. */
  async count(name: CountedMetric): Promise<number> {
    return (this.#past.get(name) ?? 0) + (await readMetric(this.#httpUrl, name));
  }

  /** Any metric of this life. */
  metric(name: string, labels?: string): Promise<number> {
    return readMetric(this.#httpUrl, name, labels);
  }

  /** What it has logged. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Ends whatever runs, and removes its data. */
  async dispose(): Promise<void> {
    if (this.#child !== undefined && this.#runs) await this.#end(this.#child, 'SIGKILL');
    await this.data.remove();
  }

  get #logFile(): string {
    return join(this.data.path, 'node.log');
  }

  get #process(): ChildProcess {
    if (this.#child === undefined || !this.#runs)
      throw new Error(`the node does not run\n${this.log().slice(-2_000)}`);
    return this.#child;
  }

  async #end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const exited = once(child, 'exit') as Promise<[number | null]>;
    this.#ending = true;
    child.kill(signal);
    return (await exited)[0];
  }
}
