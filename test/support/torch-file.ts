/** A storage of a torch file to be made. */
export interface TorchStorage {
  readonly key: string;
  /** Class of the values; default `FloatStorage`. */
  readonly type?: string;
  readonly values: readonly number[];
}

/** A tensor of a torch file to be made. */
export interface TorchTensor {
  readonly name: string;
  readonly storage: TorchStorage;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What to do differently from torch, in tests of damage. */
export interface TorchQuirks {
  readonly protocol?: number;
  readonly littleEndian?: boolean;
  /** Bytes to put in the place of the state dict's pickle. */
  readonly state?: Uint8Array;
  /** Count written before each storage, instead of its own. */
  readonly count?: number;
  /** Storages whose values are written; default all of the tensors. */
  readonly storages?: readonly TorchStorage[];
  /** Bytes after the end. */
  readonly trailer?: Uint8Array;
}

/** Pickle opcodes for tests. */
export const pickle = {
  start: Buffer.from([0x80, 2]),
  stop: Buffer.from('.'),
  mark: Buffer.from('('),
  tuple: Buffer.from('t'),
  reduce: Buffer.from('R'),
  persistent: Buffer.from('Q'),
  setItems: Buffer.from('u'),
  none: Buffer.from('N'),
  emptyTuple: Buffer.from(')'),
  emptyDict: Buffer.from('}'),
  emptyList: Buffer.from(']'),
  appends: Buffer.from('e'),
  build: Buffer.from('b'),
  bool: (value: boolean) => Buffer.from([value ? 0x88 : 0x89]),
  global: (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`, 'latin1'),
  text: (value: string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([Buffer.from('X'), length, bytes]);
  },
  int: (value: number) => {
    const bytes = Buffer.alloc(5, 'J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  },
  put: (slot: number) => Buffer.from([0x71, slot]),
  get: (slot: number) => Buffer.from([0x68, slot]),
};

const { start, stop, mark, tuple, reduce, persistent, setItems, none, emptyTuple, emptyDict } = pickle;
const { emptyList, appends, bool, global, text, int } = pickle;

/** The bytes of a legacy torch file that holds these tensors. */
export function torchFile(tensors: readonly TorchTensor[], quirks: TorchQuirks = {}): Uint8Array {
  const storages = quirks.storages ?? [...new Map(tensors.map((t) => [t.storage.key, t.storage])).values()];
  return Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
    start,
    int(quirks.protocol ?? 1001),
    stop,
    ...[start, emptyDict, mark, text('little_endian'), bool(quirks.littleEndian ?? true), setItems, stop],
    quirks.state ?? stateDict(tensors),
    ...[start, emptyList, mark, ...storages.map(({ key }) => text(key)), appends, stop],
    ...storages.flatMap((storage) => storageBytes(storage, quirks.count)),
    quirks.trailer ?? Buffer.alloc(0),
  ]);
}

/** The pickled state dict of these tensors. */
export function stateDict(tensors: readonly TorchTensor[]): Buffer {
  return Buffer.concat([
    ...[start, global('collections', 'OrderedDict'), emptyTuple, reduce, mark],
    ...tensors.flatMap((tensor) => [text(tensor.name), tensorCall(tensor)]),
    ...[setItems, emptyDict, mark, text('_metadata'), emptyDict, setItems, pickle.build, stop],
  ]);
}

/** A pickled call that rebuilds a tensor. */
function tensorCall({ storage, offset = 0, shape, strides }: TorchTensor): Buffer {
  const { key, type = 'FloatStorage', values } = storage;
  return Buffer.concat([
    ...[global('torch._utils', '_rebuild_tensor_v2'), mark],
    ...[
      mark,
      text('storage'),
      global('torch', type),
      text(key),
      text('cpu'),
      int(values.length),
      none,
      tuple,
    ],
    persistent,
    int(offset),
    ...[mark, ...shape.map(int), tuple, mark, ...strides.map(int), tuple, bool(false)],
    ...[global('collections', 'OrderedDict'), emptyTuple, reduce, tuple, reduce],
  ]);
}

function storageBytes({ type = 'FloatStorage', values }: TorchStorage, count = values.length): Buffer[] {
  const length = Buffer.alloc(8);
  length.writeBigInt64LE(BigInt(count));
  const content =
    type === 'LongStorage'
      ? Buffer.from(BigInt64Array.from(values, BigInt).buffer)
      : Buffer.from(Float32Array.from(values).buffer);
  return [length, content];
}
