/** What can be registered. */
interface Entry {
  readonly pid: string;
}

/** Everything that runs on this node, by pid and by name. */
export class Registry<Running extends Entry> {
  readonly #all = new Map<string, Running>();
  /** The last one has the name; when it ends, the one before has it again. */
  readonly #named = new Map<string, readonly Running[]>();

  /** Adds, unless the name is in use: then it returns the holder. */
  add(entry: Running, name?: string): Running | undefined {
    if (name !== undefined) {
      const holder = this.get(name);
      if (holder !== undefined) return holder;
      this.take(name, entry);
    }
    this.#all.set(entry.pid, entry);
    return undefined;
  }

  /** @param name - that it has, or had before somebody else took it */
  remove(entry: Running, name?: string): void {
    if (!this.#all.delete(entry.pid) || name === undefined) return;
    const others = this.#othersThan(entry, name);
    if (others.length > 0) this.#named.set(name, others);
    else this.#named.delete(name);
  }

  /** Lets `entry` be found by this name from now on, instead of whoever had it. */
  take(name: string, entry: Running): void {
    this.#named.set(name, [...this.#othersThan(entry, name), entry]);
  }

  /** By registered name or pid. */
  get(key: string): Running | undefined {
    return this.#named.get(key)?.at(-1) ?? this.#all.get(key);
  }

  /** All, in the order of their start. */
  all(): readonly Running[] {
    return [...this.#all.values()];
  }

  #othersThan(entry: Running, name: string): readonly Running[] {
    return (this.#named.get(name) ?? []).filter((other) => other !== entry);
  }
}
