import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../base/clock.ts';
import { Fault, reasonOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { boltProtocol } from '../../bolt/messages.ts';
import type { BoltOutput, BoltTuple } from '../../transport/bolt-tuple.ts';
import { signal } from '../../transport/server/server-process.ts';
import type { BoltProgram } from '../../transport/topology-spec.ts';
import { BoltDialogue } from './bolt-dialogue.ts';
import { launchBolt } from './bolt-launch.ts';
import { BoltLog, logBytesPerMinute } from './bolt-log.ts';
import { MemoryWatch } from './bolt-memory.ts';
import { parseOutput } from './bolt-protocol.ts';

/** What is started, and which task it is. */
export interface BoltPlace {
  readonly program: BoltProgram;
  /** Where the bundle is unpacked: the folder it is started in. */
  readonly folder: string;
  readonly topology: string;
  readonly component: string;
  /** Its number among the tasks of its component. */
  readonly index: number;
}

/** How a process is started. */
export interface BoltProcessOptions extends BoltPlace {
  readonly log: Log;
  readonly clock: Clock;
  /** Kills the process when it is aborted. */
  readonly ending?: AbortSignal;
}

const readyMs = 10_000;
/** For a process whose input has ended. */
const stopMs = 2_000;
/** For what is left in the pipes of a process that has ended. */
const drainMs = 500;
const maxReason = 1_000;

/**
 * The process of a user's bolt: it has one tuple at a time, and is ended with all that it has started when it does not keep
 * to its deadline, its memory, the protocol or the amount it may write.
 */
export class BoltProcess {
  readonly pid: number;
  /** Resolves when it has ended: why. */
  readonly exited: Promise<Fault>;
  readonly #bolt: string;
  readonly #options: BoltProcessOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #log: BoltLog;
  readonly #memory: MemoryWatch;
  readonly #dialogue: BoltDialogue;
  #end: Fault | undefined;
  #gone = false;
  #sent = 0;
  #done = 0;
  #failed = 0;

  private constructor(bolt: string, options: BoltProcessOptions, child: ChildProcessWithoutNullStreams) {
    const { log, clock, program, ending } = options;
    const { memoryBytes: limit } = program;
    this.#bolt = bolt;
    this.#options = options;
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#log = new BoltLog(log, clock);
    const onExceeded = (bytes: number) => this.#finish(new Fault('BOLT_MEMORY', { bolt, bytes, limit }));
    this.#memory = new MemoryWatch({ pid: this.pid, limit, clock, onExceeded });
    this.#dialogue = new BoltDialogue({
      stdin: child.stdin,
      clock,
      onLog: (level, message) => {
        if (!this.#log.write(level, message)) this.#flooded();
      },
      onBreach: (code, reason) => {
        this.#finish(this.#fault(code, code === 'BOLT_DIED' ? `${reason}, so it was ended` : reason));
      },
    });
    this.exited = this.#watchExit();
    this.#listen();
    ending?.addEventListener('abort', this.kill);
  }

  /**
   * Starts the process and waits until it is ready.
   * @throws Fault `BOLT_START`, `BOLT_FLOODED`, `BOLT_MEMORY`
   */
  static async start(options: BoltProcessOptions): Promise<BoltProcess> {
    const { program, folder, topology, component, index, ending } = options;
    const bolt = `${topology}/${component}/${String(index)}`;
    const process = new BoltProcess(bolt, options, await launchBolt(bolt, program, folder));
    if (ending?.aborted === true) process.kill();
    try {
      await process.#becomeReady();
      return process;
    } catch (error) {
      await process.exited;
      throw error;
    }
  }

  /** Whether it takes no tuples any more; {@link exited} will say why. */
  hasEnded(): boolean {
    return this.#gone || this.#end !== undefined;
  }

  /**
   * Has it process a tuple; it has to be done with the one before.
   * @param photo - the bytes of the photo, for a program that reads them
   * @throws Fault `BOLT_FAILED`; or why the process was ended: `BOLT_DIED`, `BOLT_DEADLINE`, `BOLT_FLOODED`, `BOLT_MEMORY`
   */
  async process(tuple: BoltTuple, photo: Uint8Array = new Uint8Array()): Promise<BoltOutput> {
    const n = ++this.#sent;
    const { deadlineMs, reads } = this.#options.program;
    const onMissed = () => this.#finish(new Fault('BOLT_DEADLINE', { bolt: this.#bolt, deadlineMs }));
    const asked =
      reads === 'photo'
        ? { message: { process: { n, tuple, bytes: photo.byteLength } }, photo }
        : { message: { process: { n, tuple } } };
    try {
      const answer = await this.#dialogue.ask({ n, id: tuple.id, ...asked, deadlineMs, onMissed });
      if ('failed' in answer) throw new Error(answer.failed);
      const output = parseOutput(answer.output);
      this.#done += 1;
      return output;
    } catch (error) {
      this.#failed += 1;
      throw error instanceof Fault ? error : this.#fault('BOLT_FAILED', reasonOf(error));
    }
  }

  /**
   * Looks at its memory now, beside the look at every second.
   * @throws Fault `BOLT_MEMORY` if it is too much
   */
  async checkMemory(): Promise<void> {
    await this.#memory.look();
    if (this.#end !== undefined) throw this.#end;
  }

  /** Closes its input, upon which it has to end; kills it after 2 s. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    const cancel = this.#options.clock.after(stopMs, this.kill);
    await this.exited;
    cancel();
  }

  /** Ends it now, and all that it has started. */
  readonly kill = (): void => {
    this.#finish(this.#fault('BOLT_DIED', 'it was killed'));
  };

  /** What inspection may see. */
  describe(): unknown {
    const { open } = this.#dialogue;
    const forMs = this.#options.clock.monotonic() - (open?.since ?? 0);
    return {
      pid: this.pid,
      state: this.#state,
      tuple: open?.id === undefined ? null : { id: open.id, forMs: Math.round(forMs) },
      done: this.#done,
      failed: this.#failed,
      residentBytes: this.#memory.bytes,
    };
  }

  get #state(): 'starting' | 'idle' | 'busy' | 'ended' {
    if (this.hasEnded()) return 'ended';
    const { open } = this.#dialogue;
    if (open === undefined) return 'idle';
    return open.n === 0 ? 'starting' : 'busy';
  }

  async #becomeReady(): Promise<void> {
    const { topology, component, index } = this.#options;
    const late = `it did not say within ${String(readyMs)} ms that it is ready`;
    await this.#dialogue.ask({
      n: 0,
      message: { hello: { protocol: boltProtocol, topology, component, task: index } },
      deadlineMs: readyMs,
      onMissed: () => this.#finish(this.#fault('BOLT_START', late + this.#lastWords)),
    });
  }

  #listen(): void {
    const { stdout, stderr } = this.#child;
    stdout.on('data', (chunk: Buffer) => {
      this.#dialogue.read(chunk);
    });
    stderr.on('data', (chunk: Buffer) => {
      if (!this.#log.writeError(chunk)) this.#flooded();
    });
  }

  #flooded(): void {
    const reason = `more than ${String(logBytesPerMinute)} bytes of log in a minute`;
    this.#finish(this.#fault('BOLT_FLOODED', reason));
  }

  #fault(code: 'BOLT_START' | 'BOLT_FAILED' | 'BOLT_DIED' | 'BOLT_FLOODED', reason: string): Fault {
    return new Fault(code, { bolt: this.#bolt, reason: reason.slice(0, maxReason) });
  }

  get #lastWords(): string {
    const words = this.#log.lastWords;
    return words === undefined ? '' : `; its last words were: ${words}`;
  }

  /** Ends it; the first reason counts, and is returned. */
  #finish(fault: Fault): Fault {
    if (!this.#gone) signal(-this.pid, 'SIGKILL');
    if (this.#end !== undefined) return this.#end;
    this.#memory.stop();
    this.#options.ending?.removeEventListener('abort', this.kill);
    const starting = this.#dialogue.open?.n === 0 && fault.code === 'BOLT_DIED';
    this.#end = starting ? new Fault('BOLT_START', fault.details) : fault;
    this.#dialogue.end(this.#end);
    return this.#end;
  }

  async #watchExit(): Promise<Fault> {
    const closed = once(this.#child, 'close');
    const [code, name] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
    // Nothing that it has started outlives it, or holds its pipes; what it has written itself still counts.
    signal(-this.pid, 'SIGKILL');
    this.#gone = true;
    await this.#drained(closed);
    const how = name === null ? `it exited with code ${String(code)}` : `it was ended by ${name}`;
    const fault = this.#finish(this.#fault('BOLT_DIED', how + this.#lastWords));
    this.#log.end();
    const { stdin, stdout, stderr } = this.#child;
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    return fault;
  }

  async #drained(closed: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(drainMs, resolve);
      void closed.then(() => {
        cancel();
        resolve();
      });
    });
  }
}
