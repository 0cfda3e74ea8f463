/** What can be registered. */
interface Entry {
  readonly pid: string;
  readonly name: string | undefined;
}

/** Everything that runs on this node, by pid and by name. */
export class Registry<Running extends Entry> {
  readonly #byKey = new Map<string, Running>();
  readonly #all = new Set<Running>();

  /** Adds, unless the name is in use: then it returns the holder. */
  add(entry: Running): Running | undefined {
    if (entry.name !== undefined) {
      const holder = this.#byKey.get(entry.name);
      if (holder !== undefined) return holder;
      this.#byKey.set(entry.name, entry);
    }
    this.#byKey.set(entry.pid, entry);
    this.#all.add(entry);
    return undefined;
  }

  remove(entry: Running): void {
    if (!this.#all.delete(entry)) return;
    this.#byKey.delete(entry.pid);
    if (entry.name !== undefined) this.#byKey.delete(entry.name);
  }

  /** Lets `entry`, which has no name, be found by this one from now on, instead of whoever had it. */
  take(name: string, entry: Running): void {
    this.#byKey.set(name, entry);
  }

  /** By registered name or pid. */
  get(key: string): Running | undefined {
    return this.#byKey.get(key);
  }

  /** All, in the order of their start. */
  all(): readonly Running[] {
    return [...this.#all];
  }
}
