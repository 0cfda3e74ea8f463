import { reasonOf } from '../base/errors.ts';

/** Data that any format can carry. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** How much of a value a snapshot keeps. */
export interface SnapshotLimits {
  /** Levels of nesting. */
  readonly depth: number;
  /** Items of one list or object. */
  readonly items: number;
  /** Characters of one string. */
  readonly characters: number;
  /** Values altogether. */
  readonly values: number;
}

/** Limits for the state of an actor. */
export const stateLimits: SnapshotLimits = { depth: 6, items: 100, characters: 1_000, values: 2_000 };
/** Limits for one message. */
export const messageLimits: SnapshotLimits = { depth: 3, items: 20, characters: 200, values: 60 };

/** A plain copy of any value, cut to size; binary data, functions and what is too deep are named rather than copied. */
export function snapshot(value: unknown, limits: SnapshotLimits): Plain {
  return new Copier(limits).copy(value, 0);
}

/** Snapshots of the first `count` messages, however many there are. */
export function snapshots(messages: Iterable<unknown>, count: number): readonly Plain[] {
  const copies: Plain[] = [];
  for (const message of messages) {
    if (copies.length >= count) break;
    copies.push(snapshot(message, messageLimits));
  }
  return copies;
}

class Copier {
  readonly #limits: SnapshotLimits;
  #values = 0;

  constructor(limits: SnapshotLimits) {
    this.#limits = limits;
  }

  copy(value: unknown, depth: number): Plain {
    this.#values += 1;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      case 'function':
        return `[function ${value.name}]`;
      case 'bigint':
      case 'symbol':
        return value.toString();
    }
  }

  #object(value: object, depth: number): Plain {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
      return `[${value.constructor.name}, ${String(value.byteLength)} bytes]`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (value instanceof Error) return this.#text(`${value.name}: ${reasonOf(value)}`);
    if (depth >= this.#limits.depth || this.#values >= this.#limits.values) return '…';
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth);
    if (value instanceof Map) return this.#list(value.entries(), depth);
    return this.#record(value, depth);
  }

  #list(values: Iterable<unknown>, depth: number): Plain {
    const copies: Plain[] = [];
    for (const value of values) {
      if (copies.length >= this.#limits.items || this.#values >= this.#limits.values) {
        copies.push('…');
        break;
      }
      copies.push(this.copy(value, depth + 1));
    }
    return copies;
  }

  #record(value: object, depth: number): Plain {
    const copies: [string, Plain][] = [];
    for (const key of Object.keys(value)) {
      if (copies.length >= this.#limits.items || this.#values >= this.#limits.values) {
        copies.push(['…', '…']);
        break;
      }
      copies.push([this.#text(key), this.#property(value, key, depth)]);
    }
    // fromEntries defines own properties, also for the key __proto__.
    return Object.fromEntries(copies);
  }

  #property(value: object, key: string, depth: number): Plain {
    try {
      return this.copy(Reflect.get(value, key), depth + 1);
    } catch (thrown) {
      return this.#text(`[unreadable: ${reasonOf(thrown)}]`);
    }
  }

  #text(text: string): string {
    return text.length <= this.#limits.characters ? text : `${text.slice(0, this.#limits.characters)}…`;
  }
}
