import { Worker } from 'node:worker_threads';
import { Fault, reasonOf } from '../base/errors.ts';
import { builtEntry } from '../base/built-entry.ts';
import { stopRequest } from './store-messages.ts';
import type { Calls, StoreRequest, StoreResponse, StoreThreadData } from './store-messages.ts';

/** How long a killed thread may take to finish the request at hand. */
const killTimeoutMs = 5_000;

/** Requests that may wait for a thread; more are refused at once instead of piling up in memory. */
const maxWaiting = 4096;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (fault: Fault) => void;
}

/** A store thread as the main thread sees it: typed calls, answered in order. */
export class StoreThread<C extends Calls<C>> {
  /** Resolves when the thread has ended: to nothing after {@link stop}, else to why. */
  readonly exited: Promise<Fault | undefined>;
  readonly #worker: Worker;
  readonly #role: string;
  readonly #opened: Promise<void>;
  readonly #ending = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #stopping = false;
  /** Why no more calls are taken. */
  #ended: Fault | undefined;

  private constructor(data: Omit<StoreThreadData, 'ending'>) {
    this.#role = data.role;
    this.#worker = new Worker(builtEntry('store-thread-entry', import.meta.url), {
      workerData: { ...data, ending: this.#ending.buffer } satisfies StoreThreadData,
      execArgv: [],
      name: `store-${data.role}`,
    });
    this.#opened = this.#answerTo(0).then(() => undefined);
    this.exited = new Promise((resolve) => {
      this.#worker.on('error', (error) => {
        this.#end(this.#broken(reasonOf(error)));
      });
      this.#worker.on('messageerror', (error) => {
        this.#end(this.#broken(reasonOf(error)));
        void this.#worker.terminate();
      });
      this.#worker.on('exit', (code) => {
        resolve(this.#settle(code));
      });
    });
    this.#worker.on('message', (response: StoreResponse) => {
      this.#receive(response);
    });
  }

  /**
   * Starts a thread and waits until it has opened its database; one that could not has ended when this rejects.
   * @throws Fault that prevented it
   */
  static async open<C extends Calls<C>>(data: Omit<StoreThreadData, 'ending'>): Promise<StoreThread<C>> {
    const thread = new StoreThread<C>(data);
    try {
      await thread.#opened;
      return thread;
    } catch (thrown) {
      await thread.exited;
      throw thrown;
    }
  }

  /**
   * Has the thread do something.
   * @throws Fault of the thread, or `STORE_UNAVAILABLE` if it ended before it answered or too many calls wait
   */
  async call<Name extends keyof C>(name: Name, ...args: C[Name]['args']): Promise<C[Name]['answer']> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#stopping) throw unavailable('it is being closed');
    if (this.#waiting.size >= maxWaiting)
      throw unavailable(`${String(maxWaiting)} requests are waiting for it`);
    const id = ++this.#lastId;
    const request: StoreRequest<C, Name> = { id, name, args };
    const answered = this.#answerTo(id);
    this.#worker.postMessage(request);
    return answered;
  }

  /** Lets the thread finish what it was asked, close its connection and end. */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#worker.postMessage(stopRequest);
    }
    await this.exited;
  }

  /**
   * Ends the thread after the request at hand; whatever waits is rejected.
   *
   * Not by `terminate()`: a thread that is ended inside the database's native code takes the whole process with it. That is
   * the last resort, for one that hangs.
   */
  async kill(fault: Fault): Promise<void> {
    this.#end(fault);
    Atomics.store(this.#ending, 0, 1);
    this.#worker.postMessage(stopRequest);
    const timer = setTimeout(() => void this.#worker.terminate(), killTimeoutMs);
    await this.exited;
    clearTimeout(timer);
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #receive(response: StoreResponse): void {
    const waiting = this.#waiting.get(response.id);
    this.#waiting.delete(response.id);
    if (response.ok) waiting?.resolve(response.value);
    else waiting?.reject(Fault.fromWire(response.fault));
  }

  #end(fault: Fault): void {
    this.#ended ??= fault;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }

  #settle(code: number): Fault | undefined {
    const asked = this.#stopping && this.#ended === undefined;
    this.#end(asked ? unavailable('it was closed') : this.#broken(`exit code ${String(code)}`));
    return asked ? undefined : this.#ended;
  }

  #broken(reason: string): Fault {
    return unavailable(`its ${this.#role} thread ended: ${reason}`);
  }
}

function unavailable(reason: string): Fault {
  return new Fault('STORE_UNAVAILABLE', { reason });
}
