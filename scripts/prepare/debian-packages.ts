import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/base/ids.ts';
import { runCommand } from './command.ts';

/** A package of Debian, pinned. Only files are taken out of it: it is not installed, and nothing of it runs. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the archive. */
  readonly hash: string;
}

/**
 * Downloads a package by apt.
 * @param paths - files in it, from the root of the file system
 * @returns their contents, in that order
 * @throws Error if this is no Debian or one without that version, or the archive is not the pinned one
 */
export async function readDebianPackage(
  { name, version, hash }: DebianPackage,
  paths: readonly string[],
): Promise<Buffer[]> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-deb-'));
  try {
    await runCommand('apt-get', ['download', `${name}=${version}`], { cwd: folder });
    const archive = (await readdir(folder)).find((file) => file.endsWith('.deb')) ?? '';
    if (sha256(await readFile(join(folder, archive))) !== hash)
      throw new Error(`apt brought no ${name} ${version} with the SHA-256 ${hash}`);
    await runCommand('dpkg-deb', ['--extract', archive, 'content'], { cwd: folder });
    return await Promise.all(paths.map((path) => readFile(join(folder, 'content', path))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
