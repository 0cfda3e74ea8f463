import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { readModel } from '../../../src/model/model-file.ts';
import { checkExtractors, classNames } from '../../../src/model/model-header.ts';
import { viewBlocks } from '../../../src/model/model-layout.ts';
import { type ModelContents, writeModel } from '../../../src/model/model-writer.ts';
import { blockContents, modelContents, resealed, temporaryFolder } from '../../support/model.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);

/** Code and reason of the fault that something ends with. */
async function faultOf(action: Promise<unknown>): Promise<string> {
  const thrown: unknown = await action.then(
    () => 'no fault',
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw new Error('no fault', { cause: thrown });
  return `${thrown.code}: ${String(thrown.details['reason'] ?? thrown.message)}`;
}

const small = modelContents(blockContents(['cat', 'dog', 'owl'], 5), {
  ...blockContents(['beach', 'sunset'], 4, 'platt'),
  name: 'trained',
});

describe('a model file', () => {
  it('has the documented layout, byte for byte', async () => {
    const block = {
      ...blockContents(['a', 'ö'], 3, 'platt'),
      w: Float32Array.from([1, 2, 3, 4, 5, 6]),
      b: Float32Array.from([7, 8]),
      calibration: Float32Array.from([9, 10, 11, 12]),
      thresholds: Float32Array.from([0.25, 0.5]),
    };
    const id = await writeModel(at('golden'), modelContents(block));
    const bytes = await readFile(at('golden'));
    const headerBytes = bytes.readUInt32LE(12);
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('AUTOTAG\x1a');
    expect([bytes.readUInt32LE(8), bytes.readBigUInt64LE(16), bytes.readBigUInt64LE(24)]).toEqual([
      1,
      80n,
      0n,
    ]);
    expect(headerBytes % 32).toBe(0);
    expect(
      bytes
        .subarray(32, 32 + headerBytes)
        .toString()
        .trimEnd(),
    ).toBe(
      '{"created":"2026-01-02T03:04:05Z","provenance":{"description":"made up for a test",' +
        `"sources":[{"name":"nothing","sha256":"${'cd'.repeat(32)}"}]},"blocks":[{"name":"block",` +
        `"extractor":{"id":"lite0","version":1,"dims":3,"parametersHash":"${'ab'.repeat(32)}"},` +
        '"score":"platt","classes":["a","ö"]}]}',
    );
    const body = bytes.subarray(32 + headerBytes, -32);
    const floats = Array.from({ length: body.length / 4 }, (_, index) => body.readFloatLE(4 * index));
    expect(floats).toEqual([1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 0, 0, 9, 10, 11, 12, 0.25, 0.5, 0, 0]);
    expect(createHash('sha256').update(bytes.subarray(0, -32)).digest()).toEqual(bytes.subarray(-32));
    expect(id).toBe(bytes.subarray(-32).toString('hex'));
  });

  it('is read into one buffer, in place', async () => {
    const id = await writeModel(at('small'), small);
    const model = await readModel(at('small'));
    expect(model.id).toBe(id);
    expect(classNames(model.header)).toEqual(['cat', 'dog', 'owl', 'beach', 'sunset']);
    const [first, second] = viewBlocks(structuredClone(model.layout), model.buffer);
    expect(first).toMatchObject({ classes: 3, dims: 5, stride: 8, firstClass: 0, score: 'softmax' });
    expect(second).toMatchObject({ classes: 2, dims: 4, stride: 4, firstClass: 3, score: 'platt' });
    for (const [index, view] of [first!, second!].entries()) {
      const block = small.blocks[index]!;
      expect(view.w.buffer).toBe(model.buffer);
      for (let row = 0; row < view.classes; row++) {
        expect((view.w.byteOffset + 4 * row * view.stride) % 16).toBe(0);
        const from = row * view.stride;
        const weights = block.w.subarray(row * view.dims, (row + 1) * view.dims);
        expect(view.w.slice(from, from + view.dims)).toEqual(weights);
        expect(
          [...view.w.slice(from + view.dims, from + view.stride)].every((padding) => padding === 0),
        ).toBe(true);
      }
      expect(view.b.slice()).toEqual(block.b);
      expect(view.calibration.slice()).toEqual(block.calibration);
      expect(view.thresholds.slice()).toEqual(block.thresholds);
    }
  });

  it('has an id of its content alone', async () => {
    const id = await writeModel(at('one'), small);
    const blocks = small.blocks.map(({ thresholds, classes, name, ...rest }) => ({
      thresholds,
      ...rest,
      name,
      classes,
    }));
    expect(await writeModel(at('deep/er/two'), { ...small, blocks })).toBe(id);
    expect(await writeModel(at('three'), { ...small, created: '2026-01-02T03:04:06Z' })).not.toBe(id);
  });

  it('takes any class name that Unicode has, and gives none a special meaning', async () => {
    const names = [
      '2013',
      '__proto__',
      'constructor',
      '日本',
      'crème brûlée',
      '👩‍👩‍👧',
      '"\\',
      ' ',
      'x'.repeat(256),
    ];
    await writeModel(at('names'), modelContents(blockContents(names, 2)));
    expect(classNames((await readModel(at('names'))).header)).toEqual(names);
  });

  it('leaves nothing else in its folder', async () => {
    await mkdir(at('tidy'));
    await writeModel(at('tidy/m'), small);
    await writeModel(at('tidy/m'), modelContents(blockContents(['new'], 3)));
    await mkdir(at('tidy/taken'));
    await expect(writeModel(at('tidy/taken'), small)).rejects.toThrow();
    expect((await readdir(at('tidy'))).sort()).toEqual(['m', 'taken']);
    expect(classNames((await readModel(at('tidy/m'))).header)).toEqual(['new']);
  });

  it('is read whole, old or new, while it is replaced', async () => {
    const other = modelContents(blockContents(['else'], 900));
    const ids = [await writeModel(at('swap'), other), await writeModel(at('swap'), small)];
    const writing = (async () => {
      for (let turn = 0; turn < 10; turn++) await writeModel(at('swap'), turn % 2 === 0 ? other : small);
    })();
    const models = await Promise.all(Array.from({ length: 40 }, () => readModel(at('swap'))));
    await writing;
    for (const { id, header } of models) expect(classNames(header).length).toBe([1, 5][ids.indexOf(id)]);
  });
});

describe('writing refuses', () => {
  const refusals: [string, (contents: ModelContents) => ModelContents, string][] = [
    ['no block', (model) => ({ ...model, blocks: [] }), 'its header (blocks)'],
    ['a wrong date', (model) => ({ ...model, created: 'today' }), 'its header (created)'],
  ];
  const block = blockContents(['cat', 'dog'], 3, 'platt');
  const blockRefusals: [string, Partial<typeof block>, string][] = [
    ['a class twice', { classes: ['cat', 'cat'] }, 'its header has the class "cat" twice'],
    ['an empty name', { classes: ['cat', ''] }, 'its header (blocks.0.classes.1) is empty'],
    ['a control character', { classes: ['cat', 'a\tb'] }, 'has control characters'],
    ['half a character', { classes: ['cat', '\ud800'] }, 'has control characters'],
    ['a name too long', { classes: ['cat', 'é'.repeat(129)] }, 'is longer than 256 bytes'],
    ['no class', { classes: [] }, 'its header (blocks.0.classes)'],
    ['weights that are no numbers', { w: Float32Array.from([1, 2, NaN, 4, 5, 6]) }, 'w of block has numbers'],
    [
      'an infinite offset',
      { b: Float32Array.from([1, Infinity]) },
      'b of block has numbers that are not finite',
    ],
    ['too few weights', { w: new Float32Array(5) }, 'w of block has 5 values instead of 6'],
    ['no calibration', { calibration: new Float32Array() }, 'calibration of block has 0 values instead of 4'],
    ['too many thresholds', { thresholds: new Float32Array(3) }, 'thresholds of block has 3 values'],
    ['a short hash', { extractor: { ...block.extractor, parametersHash: 'ab' } }, 'is no SHA-256'],
    ['no dims', { extractor: { ...block.extractor, dims: 0 } }, 'extractor.dims'],
  ];
  for (const [what, change, reason] of blockRefusals)
    refusals.push([what, (model) => ({ ...model, blocks: [{ ...block, ...change }] }), reason]);
  refusals.push([
    'a class in two blocks',
    (model) => ({ ...model, blocks: [block, { ...blockContents(['dog'], 3), name: 'other' }] }),
    'the class "dog" twice',
  ]);

  it.each(refusals)('%s', async (what, change, reason) => {
    const file = at(`refused ${what}`);
    const fault = await faultOf(writeModel(file, change(small)));
    expect(fault).toContain('MODEL_FORMAT: ');
    expect(fault).toContain(reason);
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });
});

describe('reading refuses', () => {
  const read = async (bytes: Uint8Array) => {
    await writeFile(at('changed'), bytes);
    return faultOf(readModel(at('changed')));
  };
  const bytesOf = async (contents: ModelContents) => {
    await writeModel(at('whole'), contents);
    return readFile(at('whole'));
  };
  /** A file with another header, checksum and lengths right. */
  const withHeader = async (change: (json: string) => string) => {
    const bytes = await bytesOf(small);
    const end = 32 + bytes.readUInt32LE(12);
    const json = Buffer.from(change(bytes.subarray(32, end).toString().trimEnd()));
    const changed = Buffer.concat([bytes.subarray(0, 32), json, bytes.subarray(end)]);
    changed.writeUInt32LE(json.length, 12);
    return read(resealed(changed));
  };

  it('what is not there, no file, or no model', async () => {
    expect(await faultOf(readModel(at('absent')))).toMatch(/^NOT_FOUND: There is no model file .*absent/);
    expect(await faultOf(readModel(folder.path))).toBe('MODEL_FORMAT: it is no regular file');
    execFileSync('mkfifo', [at('pipe')]);
    expect(await faultOf(readModel(at('pipe')))).toBe('MODEL_FORMAT: it is no regular file');
    await symlink('loop', at('loop'));
    expect(await faultOf(readModel(at('loop')))).toContain('MODEL_DAMAGED: ELOOP');
    expect(await read(Buffer.alloc(0))).toBe('MODEL_FORMAT: it does not begin like one');
    expect(await read(Buffer.from('PK\x03\x04'))).toBe('MODEL_FORMAT: it does not begin like one');
    expect(await read(Buffer.alloc(5000, 'photo'))).toBe('MODEL_FORMAT: it does not begin like one');
  });

  it('a newer format', async () => {
    const bytes = await bytesOf(small);
    bytes.writeUInt32LE(2, 8);
    expect(await read(resealed(bytes))).toBe(
      'MODEL_FORMAT: it has format version 2, and only 1 is known here; upgrade first',
    );
  });

  it('a file that is cut off anywhere, or goes on', async () => {
    const bytes = await bytesOf(small);
    for (let length = 1; length < bytes.length; length += 7) {
      const fault = await read(bytes.subarray(0, length));
      expect(fault).toMatch(
        length < 32 ? /^MODEL_DAMAGED: it is cut off$/ : /^MODEL_DAMAGED: it has \d+ bytes/,
      );
    }
    expect(await read(Buffer.concat([bytes, Buffer.alloc(1)]))).toContain('MODEL_DAMAGED: it has');
  });

  it('a file that grows or shrinks to the right length with other content', async () => {
    const bytes = await bytesOf(small);
    expect(await read(Buffer.concat([bytes.subarray(0, 64), Buffer.alloc(bytes.length - 64)]))).toBe(
      'MODEL_DAMAGED: its content does not match its checksum',
    );
  });

  it('lengths that would need more memory than allowed, before taking it', async () => {
    const bytes = await bytesOf(small);
    bytes.writeUInt32LE(2 ** 32 - 1, 12);
    expect(await read(bytes)).toContain('is larger than allowed');
    bytes.writeUInt32LE(64, 12);
    bytes.writeBigUInt64LE(2n ** 64n - 1n, 16);
    expect(await read(bytes)).toContain('is larger than allowed');
    bytes.writeBigUInt64LE(2n ** 31n, 16);
    expect(await read(bytes)).toMatch(/^MODEL_DAMAGED: it has \d+ bytes instead of 2147483776$/);
    await truncate(at('changed'), 2 ** 31 + 1);
    expect(await faultOf(readModel(at('changed')))).toContain('MODEL_DAMAGED: it has 2147483649 bytes');
  });

  it('a sealed file whose header is wrong', async () => {
    expect(await withHeader(() => 'not json')).toContain('MODEL_FORMAT: its header');
    expect(await withHeader(() => '[]')).toContain('MODEL_FORMAT: its header');
    expect(await withHeader((json) => json.replace('"cat"', '"dog"'))).toBe(
      'MODEL_FORMAT: its header has the class "dog" twice',
    );
    expect(await withHeader((json) => json.replace('softmax', 'guess'))).toContain('(blocks.0.score)');
    expect(await withHeader((json) => json.replace('"cat",', ''))).toMatch(
      /its body has \d+ bytes, and its header stands for \d+/,
    );
    expect(await withHeader((json) => json.replace('"created"', '"extra":1,"created"'))).toContain('extra');
  });

  it('a sealed file with numbers that are not finite', async () => {
    const bytes = await bytesOf(small);
    const body = 32 + bytes.readUInt32LE(12);
    for (const offset of [0, 20, 96, bytes.length - body - 36]) {
      const changed = Buffer.from(bytes);
      changed.writeFloatLE(NaN, body + offset);
      expect(await read(resealed(changed))).toBe('MODEL_FORMAT: it has numbers that are not finite');
    }
  });
});

it("a model is refused for another extractor's features", async () => {
  await writeModel(at('extractor'), small);
  const single = modelContents(blockContents(['cat'], 5));
  await writeModel(at('single'), single);
  const { header } = await readModel(at('single'));
  const extractor = single.blocks[0]!.extractor;
  checkExtractors(header, [{ ...extractor, id: 'hog' }, extractor]);
  for (const other of [{ id: 'hog' }, { version: 2 }, { dims: 6 }, { parametersHash: '12'.repeat(32) }])
    expect(() => {
      checkExtractors(header, [{ ...extractor, ...other }]);
    }).toThrow(/^The model was trained on features of lite0 version 1 \(5 dims/);
  const mixed = await readModel(at('extractor'));
  expect(() => {
    checkExtractors(mixed.header, [extractor]);
  }).toThrow(Fault);
});
