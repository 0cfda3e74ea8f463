import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/package-root.ts';
import { bundleModule } from '../../src/cli/bundler.ts';
import { type BoltPlace, BoltProcess } from '../../src/cluster/bolt/bolt-process.ts';
import { BoltFolder, tuple } from '../support/bolts.ts';

const camera = {
  IFD0: { Make: 'Canon', Model: 'Canon EOS R5' },
  IFD2: {
    DateTimeOriginal: '2024:05:01 12:30:00',
    OffsetTimeOriginal: '+02:00',
    ExposureTime: '1/250',
    FNumber: '28/10',
    ISOSpeedRatings: '400',
    FocalLength: '50/1',
    LensModel: 'RF50mm F1.8 STM',
  },
  IFD3: {
    GPSLatitudeRef: 'N',
    GPSLatitude: '48/1 30/1 0/1',
    GPSLongitudeRef: 'W',
    GPSLongitude: '2/1 15/1 0/1',
  },
};

let folder: BoltFolder;
let started: BoltProcess[] = [];
beforeEach(async () => {
  folder = await BoltFolder.make();
});
afterEach(async () => {
  for (const process of started) await process.stop();
  started = [];
  await folder.remove();
});

async function start(place: BoltPlace): Promise<BoltProcess> {
  const process = await BoltProcess.start({ ...place, ...folder.surroundings });
  started.push(process);
  return process;
}

/** As `cluster deploy` makes it. */
async function exif(): Promise<BoltProcess> {
  const example = join(packageRoot, 'examples/exif');
  const module = await bundleModule(join(example, 'exif-bolt.ts'), example);
  return await start(await folder.host(Buffer.from(module).toString(), { reads: 'photo' }));
}

function picture(): Sharp {
  return sharp({ create: { width: 60, height: 40, channels: 3, background: 'teal' } });
}

describe('the EXIF bolt', () => {
  it('adds what the camera has written, and nothing where it has not', async () => {
    const bolt = await exif();
    const photo = await picture().withExif(camera).jpeg().toBuffer();
    expect(await bolt.process(tuple, photo)).toEqual({
      attributes: {
        camera: 'Canon EOS R5',
        lens: 'RF50mm F1.8 STM',
        'taken-at': '2024-05-01T12:30:00+02:00',
        exposure: '1/250',
        aperture: 2.8,
        iso: 400,
        'focal-length': 50,
        latitude: 48.5,
        longitude: -2.25,
      },
    });
    expect(await bolt.process(tuple, await picture().jpeg().toBuffer())).toEqual({ attributes: {} });
    expect(await bolt.process(tuple, await picture().png().toBuffer())).toEqual({ attributes: {} });
  });

  it('fails on no photo, however damaged', async () => {
    const bolt = await exif();
    const photo = await picture().withExif(camera).jpeg().toBuffer();
    for (let at = 0; at < 600; at += 7) {
      const damaged = Buffer.from(photo);
      damaged.fill(at % 256, at, at + 5);
      for (const bytes of [damaged, photo.subarray(0, at)])
        expect(await bolt.process(tuple, bytes)).toHaveProperty('attributes');
    }
  });
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.runIf(hasPython)(`the bolt in Python${hasPython ? '' : ' (skipped: there is no python3)'}`, () => {
  const python = () => {
    const place = folder.command(['python3', '-B', 'size_bolt.py'], { reads: 'photo' });
    return start({ ...place, folder: join(packageRoot, 'examples/python') });
  };

  it('adds format and size', async () => {
    const bolt = await python();
    const attributes = { width: 60, height: 40, megapixels: 0, shape: 'landscape' };
    for (const format of ['jpeg', 'png', 'gif'] as const) {
      const photo = await picture().toFormat(format).toBuffer();
      expect(await bolt.process(tuple, photo)).toEqual({ attributes: { format, ...attributes } });
    }
    expect(await bolt.process(tuple, await picture().webp().toBuffer())).toEqual({});
    expect(await bolt.process(tuple, new Uint8Array())).toEqual({});
  });

  it('fails on no photo, however damaged', async () => {
    const bolt = await python();
    const photo = await picture().withExif(camera).jpeg().toBuffer();
    for (let at = 0; at < photo.length; at += 13) await bolt.process(tuple, photo.subarray(0, at));
    expect(bolt.describe()).toMatchObject({ failed: 0 });
  });

  it('logs what is printed, tells an exception, and ends with its input', async () => {
    await folder.write(
      'odd.py',
      `import os, sys
sys.path.insert(0, ${JSON.stringify(join(packageRoot, 'examples', 'python'))})
from autotag_bolt import run
def process(tuple, photo):
    print('printed'); os.write(1, b'written\\n')
    return {'attributes': {'bad': float('nan') if tuple['id'] == 'nan' else {}['none']}}
run(process)
`,
    );
    const place = folder.command(['python3', '-B', 'odd.py']);
    const bolt = await BoltProcess.start({ ...place, ...folder.surroundings });
    await expect(bolt.process(tuple)).rejects.toMatchObject({
      code: 'BOLT_FAILED',
      message: expect.stringContaining("KeyError('none')") as string,
    });
    await expect(bolt.process({ ...tuple, id: 'nan' })).rejects.toMatchObject({ code: 'BOLT_FAILED' });
    await bolt.stop();
    expect((await bolt.exited).message).toContain('it exited with code 0');
    expect(folder.logged.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['printed', 'written']));
  });
});
