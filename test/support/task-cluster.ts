import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterTasks } from '../../actors/cluster-tasks.ts';
import { RunBlobs } from '../../actors/run-blobs.ts';
import { silentLog } from '../../src/base/log.ts';
import type { BlobStore } from '../../src/model/blob-store.ts';
import type { JobPool } from '../../src/pool/job-pool.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import { openNodeLink, type NodeLink } from '../../src/transport/node-link.ts';
import { startClusterNode, type ClusterNode } from './cluster-node.ts';
import { joiningUrl } from './joining-url.ts';
import { NodeProcess, type GivenOptions } from './node-process.ts';
import { oddJobEntry, oddJobPool } from './odd-jobs.ts';

/** Lease on tasks in these tests, ms. */
const ackWaitMs = 3_000;

/**
 * A node `n1` with a nats-server that coordinates runs, and nodes of odd tasks beside it. It speaks to NATS by a
 * connection of the test's own, as a node.
 */
export class TaskCluster {
  readonly link: NodeLink;
  readonly blobs: BlobStore;
  readonly folder: string;
  readonly #coordinator: ClusterNode;
  readonly #pool: JobPool;
  readonly #natsUrl: string;
  readonly #others: { dispose(): Promise<void> }[] = [];
  readonly #opened: ClusterTasks[] = [];

  private constructor(
    parts: { coordinator: ClusterNode; link: NodeLink; pool: JobPool; folder: string },
    natsUrl: string,
  ) {
    this.#coordinator = parts.coordinator;
    this.link = parts.link;
    this.folder = parts.folder;
    this.#pool = parts.pool;
    this.#natsUrl = natsUrl;
    this.blobs = new RunBlobs(parts.coordinator.data.path, 'n1').own.store;
  }

  /** @param takes - what the coordinating node does itself */
  static async start(takes: 'photos' | 'all' = 'photos'): Promise<TaskCluster> {
    const options = { takes, ackWaitMs, jobThreads: 1 };
    const coordinator = await startClusterNode(options, { jobEntry: oddJobEntry });
    const { url } = coordinator.node;
    const dataFolder = coordinator.data.path;
    const credentials = await credentialsFor(url, { dataFolder, role: 'node' });
    const link = await openNodeLink({ url, name: 'n1', credentials, ackWaitMs });
    const folder = await mkdtemp(join(tmpdir(), 'autotag-odd-'));
    const pool = await oddJobPool(folder, { blobs: new RunBlobs(dataFolder, 'n1').own.folder });
    return new TaskCluster({ coordinator, link, pool, folder }, await joiningUrl({ url, dataFolder }));
  }

  /** Starts a node that takes tasks only, in this process. */
  async node(name: string): Promise<ClusterNode> {
    const node = await startClusterNode(this.#optionsOf(name), { jobEntry: oddJobEntry });
    this.#others.push(node);
    return node;
  }

  /** Starts such a node in a process of its own. */
  async nodeProcess(name: string): Promise<NodeProcess> {
    const node = await NodeProcess.start(this.#optionsOf(name), { jobEntry: oddJobEntry });
    this.#others.push(node);
    return node;
  }

  /** Starts a run. */
  async run(): Promise<string> {
    return (await this.link.runs.start('odd', 'n1', null)).id;
  }

  /** The tasks of a run, as whoever coordinates it has them; repeated, it is as after a restart. */
  async tasks(run: string): Promise<ClusterTasks> {
    const { connection, tasks: queue, taskRecords: records, exchange } = this.link;
    const tasks = await ClusterTasks.open({
      run,
      node: 'n1',
      connection,
      queue,
      records,
      exchange,
      blobs: this.blobs,
      pool: this.#pool,
      log: silentLog,
    });
    this.#opened.push(tasks);
    return tasks;
  }

  /** A file that tasks write their keys to when they begin. */
  get log(): string {
    return join(this.folder, 'log');
  }

  /** What tasks have written there. */
  async begun(): Promise<string[]> {
    return (await readFile(this.log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  }

  /** A file that tasks can wait for. */
  gate(name: string): { readonly file: string; readonly open: () => Promise<void> } {
    const file = join(this.folder, name);
    return { file, open: () => writeFile(file, '') };
  }

  /** Ends the nats-server as a crash does; the coordinating node starts it again. */
  killNatsServer(): Promise<void> {
    return this.#coordinator.data.killNatsServer();
  }

  async dispose(): Promise<void> {
    for (const tasks of this.#opened) tasks.close();
    this.#pool.stop();
    await Promise.all(this.#others.map((other) => other.dispose()));
    await this.link.connection.close();
    await this.#coordinator.dispose();
    await rm(this.folder, { recursive: true, maxRetries: 5 });
  }

  #optionsOf(name: string): GivenOptions {
    return { name, nats: this.#natsUrl, takes: 'tasks', jobThreads: 1, ackWaitMs };
  }
}
