import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { Log } from '../../src/base/log.ts';
import type { BoltPlace } from '../../src/cluster/bolt/bolt-process.ts';
import { isAlive } from '../../src/transport/server/server-process.ts';
import type { BoltTuple } from '../../src/transport/bolt-tuple.ts';
import type { BoltProgram } from '../../src/transport/topology-spec.ts';

/** A tuple like any other. */
export const tuple: BoltTuple = {
  id: 'photo-1',
  file: 'cat.jpg',
  model: 'm',
  tags: [{ tag: 'cat', score: 0.9 }],
  attributes: {},
};

/** A folder for the programs of bolts, as an unpacked bundle is one. */
export class BoltFolder {
  readonly path: string;
  /** Holds it alone. */
  readonly root: string;
  /** What bolts have logged, with level and message. */
  readonly logged: { readonly level: number; readonly msg: string }[] = [];

  private constructor(root: string) {
    this.root = root;
    this.path = join(root, 'bundle');
  }

  /** Makes an empty one. */
  static async make(): Promise<BoltFolder> {
    const folder = new BoltFolder(await mkdtemp(join(tmpdir(), 'autotag-bolts-')));
    await mkdir(folder.path);
    return folder;
  }

  /** What a process of a bolt is started with. */
  get surroundings(): { readonly clock: Clock; readonly log: Log } {
    const write = (line: string) => void this.logged.push(JSON.parse(line) as BoltFolder['logged'][number]);
    return { clock: systemClock, log: pino({ level: 'debug' }, { write }) };
  }

  /** A bolt that our host runs, of the source of an ES module. */
  async host(source: string, program: Partial<BoltProgram> = {}): Promise<BoltPlace> {
    await this.write('bolt.mjs', source);
    return this.command(['node', 'bolt.mjs'], program);
  }

  /**
   * A bolt that speaks the protocol itself, with `say(message)`, and `next()` for a message of the node, `undefined` at the
   * end of its input.
   */
  async raw(source: string, program: Partial<BoltProgram> = {}): Promise<BoltPlace> {
    await this.write('raw.mjs', rawPrelude + source);
    return this.command([process.execPath, 'raw.mjs'], program);
  }

  /** Any command. */
  command(command: string[], program: Partial<BoltProgram> = {}): BoltPlace {
    return {
      program: { command, reads: 'tuple', deadlineMs: 10_000, memoryBytes: 512 * 2 ** 20, ...program },
      folder: this.path,
      topology: 'photos',
      component: 'odd',
      index: 0,
    };
  }

  /** Removes it. */
  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  /** Writes a file. */
  async write(file: string, content: string): Promise<void> {
    await writeFile(join(this.path, file), content);
  }
}

const rawPrelude = `
import { createInterface } from 'node:readline';
import { writeSync } from 'node:fs';
import { spawn } from 'node:child_process';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => writeSync(1, JSON.stringify(message) + '\\n');
const next = async () => { const { value } = await lines.next(); return value && JSON.parse(value); };
const begin = async () => { await next(); say({ ready: { protocol: 1 } }); };
`;

/** Whether a process runs. One that has ended, and that nobody has reaped, does not. */
export function isRunning(pid: number): boolean {
  if (process.platform !== 'linux') return isAlive(pid);
  try {
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
