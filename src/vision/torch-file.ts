import { Fault } from '../base/errors.ts';
import { ByteReader, type Refuse } from './byte-reader.ts';
import { allFinite } from './finite.ts';
import { type PickleHandlers, type PickleValue, PickleGlobal, plainHandlers, readPickle } from './pickle.ts';

/** A tensor of weights. */
export interface Tensor {
  /** Sizes, outermost first; empty for a scalar. */
  readonly shape: readonly number[];
  /** Contiguous, row-major values: a copy of its own. */
  readonly data: Float32Array;
}

/** The largest file that is read, in bytes. */
const maxTorchFileBytes = 256 * 1024 * 1024;

/** The pickled magic number that opens every legacy torch file. */
const signature = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const protocol = 1001;
const maxDimensions = 8;

/** Bytes a value, by the class of storage. */
const storageWidths = new Map([
  ['torch.FloatStorage', 4],
  ['torch.LongStorage', 8],
]);

/** A run of values in the file that tensors look into. */
class Storage {
  readonly count: number;
  readonly width: number;
  bytes: Uint8Array | undefined;

  constructor(count: number, width: number) {
    this.count = count;
    this.width = width;
  }
}

/** A tensor as the pickle describes it: a strided window on a storage. */
class StridedView {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

type TorchValue = PickleValue<Storage | StridedView>;

/**
 * Reads a state dict in torch's legacy format (before 1.6): the pickles of magic number, protocol, system and state dict, the pickled list
 * of storage keys, then each storage as an int64 count and its raw little-endian values.
 *
 * Nothing in the file is executed. Values are copied to contiguous, row-major order, whatever their strides in the file. Integer
 * tensors (batch-norm counters) are left out: inference has no use for them.
 *
 * @param bytes - the whole file
 * @param file - its name, for the error
 * @returns float tensors by name, in the file's order
 * @throws Fault `WEIGHTS_DAMAGED` if the file is anything else, is cut off, has bytes to spare or values that are not finite
 */
export function readTorchFile(bytes: Uint8Array, file = 'the torch file'): Map<string, Tensor> {
  const refuse: Refuse = (reason) => {
    throw new Fault('WEIGHTS_DAMAGED', { file, reason });
  };
  if (bytes.length > maxTorchFileBytes) refuse(`it has more than ${String(maxTorchFileBytes)} bytes`);
  const reader = new ByteReader(bytes, refuse);
  readPreamble(reader);
  const storages = new Map<string, Storage>();
  const state = readPickle(reader, torchHandlers(storages, refuse));
  readStorages(reader, storages);
  return contiguousTensors(state, bytes.length, refuse);
}

function readPreamble(reader: ByteReader): void {
  if (reader.remaining < signature.length || !signature.equals(reader.take(signature.length)))
    reader.refuse('it is no torch file of the legacy format');
  const plain = plainHandlers(reader.refuse);
  if (readPickle(reader, plain) !== protocol) reader.refuse('its protocol is unknown');
  const system = readPickle(reader, plain);
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    reader.refuse('its values are not little-endian');
}

function torchHandlers(
  storages: Map<string, Storage>,
  refuse: Refuse,
): PickleHandlers<Storage | StridedView> {
  return {
    names: new Set(storageWidths.keys()),
    calls: new Map<string, (args: TorchValue[]) => TorchValue>([
      ['collections.OrderedDict', (args) => (args.length === 0 ? new Map() : refuse('it has a filled dict'))],
      ['torch._utils._rebuild_tensor_v2', (args) => stridedView(args, refuse)],
    ]),
    persistent: (id) => storageOf(id, storages, refuse),
  };
}

/** Resolves `('storage', class, key, device, count, view)`. */
function storageOf(id: TorchValue, storages: Map<string, Storage>, refuse: Refuse): Storage {
  const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
  const width = type instanceof PickleGlobal ? storageWidths.get(type.name) : undefined;
  if (kind !== 'storage' || width === undefined || typeof key !== 'string' || !isSize(count) || view !== null)
    return refuse('it has a storage of an unknown kind');
  const known = storages.get(key);
  if (known !== undefined && (known.count !== count || known.width !== width))
    return refuse('it describes one storage in two ways');
  const storage = known ?? new Storage(count, width);
  storages.set(key, storage);
  return storage;
}

/** Carries out `_rebuild_tensor_v2(storage, offset, shape, strides, …)`. */
function stridedView(args: TorchValue[], refuse: Refuse): StridedView {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof Storage) || !isSize(offset) || !areSizes(shape) || !areSizes(strides))
    return refuse('it has a tensor that cannot be rebuilt');
  const count = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), offset);
  if (shape.length !== strides.length || shape.length > maxDimensions || shape.includes(0))
    return refuse('it has a tensor of a strange shape');
  // No window is larger than its storage, so that a file cannot ask for more memory than it has bytes for.
  if (count > storage.count || last >= storage.count)
    return refuse('it has a tensor that is larger than its storage');
  return new StridedView(storage, offset, shape, strides);
}

function isSize(value: TorchValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function areSizes(value: TorchValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}

/** Reads the list of keys, then the storages in its order, up to the end of the file. */
function readStorages(reader: ByteReader, storages: Map<string, Storage>): void {
  const keys = readPickle(reader, plainHandlers(reader.refuse));
  if (!Array.isArray(keys) || keys.length !== storages.size)
    return reader.refuse('its list of storages does not fit');
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || storage.bytes !== undefined || reader.int64() !== BigInt(storage.count))
      return reader.refuse('its list of storages does not fit');
    storage.bytes = reader.take(storage.count * storage.width);
  }
  if (reader.remaining > 0) reader.refuse('it has bytes after its end');
}

function contiguousTensors(state: TorchValue, maxValues: number, refuse: Refuse): Map<string, Tensor> {
  if (!(state instanceof Map)) return refuse('it holds no state dict');
  const tensors = new Map<string, Tensor>();
  let values = 0;
  for (const [name, view] of state) {
    if (typeof name !== 'string' || !(view instanceof StridedView)) return refuse('it holds no state dict');
    if (view.storage.width !== Float32Array.BYTES_PER_ELEMENT) continue;
    const tensor = contiguous(view);
    values += tensor.data.length;
    if (values > maxValues) return refuse('its tensors share storages too often');
    if (!allFinite(tensor.data)) return refuse(`${name} has values that are not finite`);
    tensors.set(name, tensor);
  }
  return tensors;
}

function contiguous(view: StridedView): Tensor {
  const { storage, offset, shape, strides } = view;
  const bytes = storage.bytes ?? new Uint8Array();
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  let position = offset;
  for (let written = 0; written < data.length; written++) {
    data[written] = source.getFloat32(position * 4, true);
    // Counts like an odometer: the last axis runs fastest, a full axis goes back to 0 and carries.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      position += stride;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      position -= next * stride;
      index[axis] = 0;
    }
  }
  return { shape, data };
}
