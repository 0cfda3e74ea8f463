import type { ChildError, Restart, Strategy } from '../../../src/runtime/index.ts';

/** A child spec as far as the model knows it. */
export interface ModelSpec {
  readonly id: string;
  readonly restart: Restart;
  /** Whether restarts wait for {@link pauseMs}. */
  readonly pauses: boolean;
}

/** The pause before each restart of a child that pauses. */
export const pauseMs = 50;

interface ModelChild extends ModelSpec {
  alive: boolean;
  planned: { readonly at: number; readonly order: number } | undefined;
}

/** OTP's supervisor in the plainest way: everything at once, no actor, no promise. */
export class SupervisorModel {
  readonly #strategy: Strategy;
  readonly #maxRestarts: number;
  readonly #windowMs: number;
  #children: ModelChild[] = [];
  #restarts: number[] = [];
  #plans = 0;
  #now = 0;
  /** Starts of an id that are going to fail. */
  readonly #broken = new Map<string, number>();
  /** What the children write down. */
  readonly journal: string[] = [];
  alive = true;

  constructor(strategy: Strategy, maxRestarts: number, windowMs: number, specs: readonly ModelSpec[]) {
    this.#strategy = strategy;
    this.#maxRestarts = maxRestarts;
    this.#windowMs = windowMs;
    this.#children = specs.map((spec) => ({ ...spec, alive: false, planned: undefined }));
    for (const child of this.#children) this.#start(child);
  }

  /** What whichChildren has to say. */
  get view(): { id: string; alive: boolean; restarting: boolean }[] {
    return this.#children.map(({ id, alive, planned }) => ({ id, alive, restarting: planned !== undefined }));
  }

  breakStarts(id: string, times: number): void {
    this.#broken.set(id, times);
  }

  /** The child ends by itself; `abnormal` as OTP sees its reason, `lastWords` if it has a say. */
  exit(id: string, abnormal: boolean, lastWords: string | undefined): void {
    const child = this.#find(id);
    if (child?.alive !== true) return;
    child.alive = false;
    if (lastWords !== undefined) this.journal.push(`-${id} ${lastWords}`);
    if (child.restart === 'temporary') this.#forget(child);
    else if (child.restart === 'permanent' || abnormal) this.#restart(child);
  }

  startChild(spec: ModelSpec): ChildError | 'ok' {
    const present = this.#find(spec.id);
    if (present !== undefined) return present.alive ? 'already_started' : 'already_present';
    const child: ModelChild = { ...spec, alive: false, planned: undefined };
    if (!this.#start(child)) return 'start_failed';
    this.#children.push(child);
    return 'ok';
  }

  terminateChild(id: string): ChildError | 'ok' {
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    this.#end([child]);
    return 'ok';
  }

  restartChild(id: string): ChildError | 'ok' {
    const child = this.#stopped(id);
    if (typeof child === 'string') return child;
    return this.#start(child) ? 'ok' : 'start_failed';
  }

  renewChild(id: string): ChildError | 'ok' {
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    if (child.restart === 'temporary') return 'temporary';
    return this.#startAgain(child) ? 'ok' : 'start_failed';
  }

  deleteChild(id: string): ChildError | 'ok' {
    const child = this.#stopped(id);
    if (typeof child === 'string') return child;
    this.#forget(child);
    return 'ok';
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (let child = this.#nextPlanned(end); child !== undefined; child = this.#nextPlanned(end)) {
      this.#now = child.planned?.at ?? end;
      child.planned = undefined;
      this.#startAgain(child);
    }
    this.#now = end;
  }

  #nextPlanned(end: number): ModelChild | undefined {
    const due = this.#children.filter(({ planned }) => planned !== undefined && planned.at <= end);
    // Of those due at once, the one that was planned first.
    return due.sort(
      (one, other) =>
        (one.planned?.at ?? 0) - (other.planned?.at ?? 0) ||
        (one.planned?.order ?? 0) - (other.planned?.order ?? 0),
    )[0];
  }

  #restart(child: ModelChild): void {
    this.#restarts = this.#restarts.filter((then) => this.#now - then <= this.#windowMs);
    this.#restarts.push(this.#now);
    if (this.#restarts.length > this.#maxRestarts) {
      this.#end(this.#children);
      this.alive = false;
    } else if (child.pauses) {
      this.#end(this.#group(child));
      this.#plans += 1;
      child.planned = { at: this.#now + pauseMs, order: this.#plans };
    } else {
      this.#startAgain(child);
    }
  }

  #startAgain(child: ModelChild): boolean {
    this.#end(this.#group(child));
    const failed = this.#group(child).find((one) => !this.#start(one));
    if (failed !== undefined) this.#restart(failed);
    return failed === undefined;
  }

  #group(child: ModelChild): ModelChild[] {
    if (this.#strategy === 'one_for_one') return [child];
    if (this.#strategy === 'one_for_all') return [...this.#children];
    return this.#children.slice(this.#children.indexOf(child));
  }

  #start(child: ModelChild): boolean {
    child.planned = undefined;
    const broken = this.#broken.get(child.id) ?? 0;
    this.#broken.set(child.id, Math.max(0, broken - 1));
    child.alive = broken === 0;
    this.journal.push(`${child.alive ? '+' : '!'}${child.id}`);
    return child.alive;
  }

  #end(children: readonly ModelChild[]): void {
    for (const child of [...children].reverse()) {
      child.planned = undefined;
      if (child.alive) this.journal.push(`-${child.id} shutdown`);
      child.alive = false;
      if (child.restart === 'temporary') this.#forget(child);
    }
  }

  #stopped(id: string): ModelChild | ChildError {
    const child = this.#find(id);
    if (child === undefined) return 'not_found';
    if (child.alive) return 'running';
    return child.planned === undefined ? child : 'restarting';
  }

  #find(id: string): ModelChild | undefined {
    return this.#children.find((child) => child.id === id);
  }

  #forget(child: ModelChild): void {
    this.#children = this.#children.filter((other) => other !== child);
  }
}
