import type { ByteReader } from './byte-reader.ts';

/** A name of Python that a pickle refers to, such as `collections.OrderedDict`; never looked up, never run. */
export class PickleGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a pickle can hold here: lists and tuples are arrays, every kind of dict is a map, `T` is what the handlers make. */
export type PickleValue<T> =
  | null
  | boolean
  | number
  | string
  | PickleGlobal
  | PickleValue<T>[]
  | Map<PickleValue<T>, PickleValue<T>>
  | T;

/** What the reader of a pickle knows about its contents. */
export interface PickleHandlers<T> {
  /** Calls a pickle may make, by full name; any other name ends the reading. */
  readonly calls: ReadonlyMap<string, (args: PickleValue<T>[]) => PickleValue<T>>;
  /** Names a pickle may pass on as values without calling them. */
  readonly names: ReadonlySet<string>;
  /** Resolves a persistent id. */
  readonly persistent: (id: PickleValue<T>) => T;
}

/** Handlers of a pickle that may hold plain values only. */
export function plainHandlers(refuse: (reason: string) => never): PickleHandlers<never> {
  return { calls: new Map(), names: new Set(), persistent: () => refuse('it refers to an outside value') };
}

/**
 * Reads one pickle (protocol 2, as `torch.save` writes it) without running anything in it: a small stack machine that knows
 * the opcodes for plain values, memo and containers. A call goes to a listed handler, everything unlisted ends the reading.
 *
 * Work and memory are bounded by the length of the pickle: each opcode takes at least a byte and adds at most one value.
 *
 * @param reader - positioned at the pickle; afterwards behind it
 */
export function readPickle<T extends object>(
  reader: ByteReader,
  handlers: PickleHandlers<T>,
): PickleValue<T> {
  return new Unpickler(reader, handlers).run();
}

class Unpickler<T extends object> {
  readonly #reader: ByteReader;
  readonly #handlers: PickleHandlers<T>;
  readonly #memo = new Map<number, PickleValue<T>>();
  /** Values above the last mark. */
  #stack: PickleValue<T>[] = [];
  /** Stacks below each mark. */
  readonly #below: PickleValue<T>[][] = [];

  constructor(reader: ByteReader, handlers: PickleHandlers<T>) {
    this.#reader = reader;
    this.#handlers = handlers;
  }

  run(): PickleValue<T> {
    for (;;) {
      const opcode = this.#reader.uint8();
      if (opcode === 0x2e /* STOP */) break;
      if (!this.#pushScalar(opcode) && !this.#build(opcode) && !this.#call(opcode))
        this.#refuse(`it has the unknown pickle opcode ${String(opcode)}`);
    }
    const result = this.#pop();
    if (this.#stack.length > 0 || this.#below.length > 0) this.#refuse('its pickle is not balanced');
    return result;
  }

  /** Opcodes that push one plain value, and the memo's. */
  #pushScalar(opcode: number): boolean {
    const reader = this.#reader;
    switch (opcode) {
      case 0x80: // PROTO
        if (reader.uint8() !== 2) this.#refuse('its pickle protocol is not 2');
        return true;
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(reader.uint8());
      case 0x4d: // BININT2
        return this.#push(reader.uint16());
      case 0x4a: // BININT
        return this.#push(reader.int32());
      case 0x58: // BINUNICODE
        return this.#push(Buffer.from(reader.take(reader.uint32())).toString('utf8'));
      case 0x71: // BINPUT
        return this.#remember(reader.uint8());
      case 0x72: // LONG_BINPUT
        return this.#remember(reader.uint32());
      case 0x68: // BINGET
        return this.#recall(reader.uint8());
      case 0x6a: // LONG_BINGET
        return this.#recall(reader.uint32());
      default:
        return false;
    }
  }

  /** Opcodes that make and fill containers. */
  #build(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#below.push(this.#stack);
        this.#stack = [];
        return true;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return this.#push([]);
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x74: // TUPLE
        return this.#push(this.#popToMark());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(this.#popMany(opcode - 0x84));
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      default:
        return false;
    }
  }

  /** Opcodes that would run code in Python. */
  #call(opcode: number): boolean {
    switch (opcode) {
      case 0x63: // GLOBAL
        return this.#push(this.#global(`${this.#reader.line()}.${this.#reader.line()}`));
      case 0x51: // BINPERSID
        return this.#push(this.#handlers.persistent(this.#pop()));
      case 0x52: {
        // REDUCE
        const args = this.#pop();
        const callee = this.#pop();
        const handler = callee instanceof PickleGlobal ? this.#handlers.calls.get(callee.name) : undefined;
        if (handler === undefined || !Array.isArray(args))
          this.#refuse('it makes a call that is not allowed');
        return this.#push(handler(args));
      }
      case 0x62: // BUILD: attributes of a dict (torch's version notes), which nobody needs
        this.#pop();
        if (!(this.#top() instanceof Map)) this.#refuse('it sets the state of something that is no dict');
        return true;
      default:
        return false;
    }
  }

  #global(name: string): PickleGlobal {
    if (!this.#handlers.calls.has(name) && !this.#handlers.names.has(name))
      this.#refuse(`it refers to ${JSON.stringify(name.slice(0, 80))}, which is not allowed`);
    return new PickleGlobal(name);
  }

  #push(value: PickleValue<T>): true {
    this.#stack.push(value);
    return true;
  }

  #top(): PickleValue<T> {
    return (
      this.#stack.at(-1) ?? (this.#stack.length === 0 ? this.#refuse('its pickle is not balanced') : null)
    );
  }

  #pop(): PickleValue<T> {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue<T>[] {
    if (this.#stack.length < count) this.#refuse('its pickle is not balanced');
    return this.#stack.splice(-count);
  }

  #popToMark(): PickleValue<T>[] {
    const values = this.#stack;
    this.#stack = this.#below.pop() ?? this.#refuse('its pickle is not balanced');
    return values;
  }

  #append(values: PickleValue<T>[]): true {
    const list = this.#top();
    if (!Array.isArray(list)) this.#refuse('it appends to something that is no list');
    for (const value of values) list.push(value);
    return true;
  }

  #setItems(pairs: PickleValue<T>[]): true {
    const map = this.#top();
    if (!(map instanceof Map) || pairs.length % 2 !== 0) this.#refuse('it fills something that is no dict');
    for (let index = 0; index < pairs.length; index += 2)
      map.set(pairs[index] ?? null, pairs[index + 1] ?? null);
    return true;
  }

  #remember(slot: number): true {
    this.#memo.set(slot, this.#top());
    return true;
  }

  #recall(slot: number): true {
    const value = this.#memo.get(slot);
    if (value === undefined) this.#refuse('it recalls a value that it has not put by');
    return this.#push(value);
  }

  #refuse(reason: string): never {
    return this.#reader.refuse(reason);
  }
}
