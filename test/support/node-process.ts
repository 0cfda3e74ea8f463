import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeOptionName } from '../../src/base/options.ts';
import { builtEntry } from '../../src/base/built-entry.ts';
import { untilAtWork } from './at-work.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import { invitationOf } from '../../src/transport/server/invitations.ts';
import type { Role } from '../../src/transport/subjects.ts';
import { ClusterClient } from './cluster-client.ts';
import { dataFolder, type DataFolder } from './data-folder.ts';
import { readMetric } from './metrics.ts';
import { freePort } from './nats.ts';

/** What a node process tells its test. */
export type NodeMessage =
  | { readonly type: 'ready'; readonly url: string; readonly httpUrl: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** What a test tells its node process. */
export interface NodeOrder {
  readonly type: 'clock';
  /** How far the wall clock of the node's main thread is wrong from now on; timers and leases do not ask it. */
  readonly shiftMs: number;
}

/** Options of a node, besides its folder and ports. */
export type GivenOptions = Partial<Record<NodeOptionName, unknown>>;

/** Where a node process runs, and what other code than a node's own. */
export interface NodeSetting {
  /** The code of its job threads. */
  readonly jobEntry?: URL;
  /** The code of its worker threads. */
  readonly threadEntry?: URL;
  /** What its command line begins with, to run on another machine. */
  readonly within?: readonly string[];
}

const counted = ['autotag_kernel_runs_total', 'autotag_redeliveries_total'] as const;

/** A metric that is added up over the lives of a node. */
export type CountedMetric = (typeof counted)[number];

/** A node in a process of its own, which can be killed and started again on the same data. */
export class NodeProcess {
  readonly data: DataFolder;
  readonly #options: GivenOptions;
  readonly #setting: NodeSetting;
  readonly #past = new Map<CountedMetric, number>();
  #child: ChildProcess | undefined;
  #ending = false;
  #url = '';
  #httpUrl = '';

  private constructor(data: DataFolder, options: GivenOptions, setting: NodeSetting) {
    this.data = data;
    this.#options = options;
    this.#setting = setting;
  }

  /** Starts a node on a new data folder and free ports. */
  static async start(options: GivenOptions = {}, setting: NodeSetting = {}): Promise<NodeProcess> {
    const data = await dataFolder();
    const port = await freePort();
    const defaults = { data: data.path, port, httpPort: 0, diskReserveBytes: 0, logLevel: 'warn' };
    const node = new NodeProcess(data, { ...defaults, ...options }, setting);
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
    const url = builtEntry('node-process-entry', import.meta.url);
    const log = openSync(this.#logFile, 'a');
    const { jobEntry, threadEntry: entry, within } = this.#setting;
    const entries = [jobEntry?.href ?? '', entry?.href ?? ''];
    const [execPath, ...rest] = [...(within ?? []), process.execPath];
    const child = fork(url, [JSON.stringify(this.#options), ...entries], {
      execPath,
      execArgv: rest,
      stdio: ['ignore', log, log, 'ipc'],
      // As `cluster start` has it.
      env: { MALLOC_ARENA_MAX: '2', ...process.env, XDG_CONFIG_HOME: this.data.path },
    });
    closeSync(log);
    this.#child = child;
    this.#ending = false;
    try {
      await this.#untilUp(child);
    } catch (error) {
      if (this.#runs) await this.#end(child, 'SIGKILL');
      throw error;
    }
  }

  async #untilUp(child: ChildProcess): Promise<void> {
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the node ended with ${String(code)}\n${this.log().slice(-2_000)}`);
    });
    exited.catch(() => undefined);
    const [message] = (await Promise.race([once(child, 'message'), exited])) as [NodeMessage];
    if (message.type === 'failed') throw new Error(`${message.code}: ${message.message}`);
    this.#url = message.url;
    this.#httpUrl = message.httpUrl;
    const { nats, takes } = this.#options;
    if (takes === 'tasks') return;
    const { name, url, data } = this;
    await untilAtWork({ url, dataFolder: data.path, name }, nats ?? (await this.address('node')));
  }

  /** Where its nats-server is reached by a role: a URL with a password, or a token. */
  async address(role: Role): Promise<string> {
    const token = await invitationOf(this.data.path, role);
    if (token !== undefined) return token;
    const credentials = await credentialsFor(this.#url, { dataFolder: this.data.path, role });
    return credentials === undefined ? this.#url : this.#url.replace('//', `//${role}:${credentials.pass}@`);
  }

  /** Connects to it. */
  async connect(role: 'submitter' | 'operator' = 'operator'): Promise<ClusterClient> {
    return await ClusterClient.open({ url: await this.address(role), dataFolder: this.data.path }, role);
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

  /** Has its wall clock be wrong from now on, until it is killed. */
  async shiftClock(shiftMs: number): Promise<void> {
    const order: NodeOrder = { type: 'clock', shiftMs };
    await new Promise<void>((resolve, reject) => {
      this.#process.send(order, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid ?? 0;
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
    return (this.#past.get(name) ?? 0) + (await this.metric(name));
  }

  /** Any metric of this life. */
  metric(name: string, labels?: string): Promise<number> {
    return readMetric(this.#httpUrl, name, labels, this.#setting.within);
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
