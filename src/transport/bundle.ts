import { Packr } from 'msgpackr';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';

/** One file of a bundle. */
export interface BundleFile {
  /** Relative to the bundle's folder, `/` between its parts. */
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

/** The files of users' bolts as one archive, named by its SHA-256 in hex. */
export interface Bundle {
  readonly id: string;
  readonly archive: Uint8Array;
}

/** An archive has at most so many bytes. */
export const maxBundleBytes = 16 * 2 ** 20;
/** And so many files. */
export const maxBundleFiles = 1_000;
const maxPathLength = 512;
const maxPartLength = 255;

// No records: structure definitions would make the same files another archive.
const packr = new Packr({ useRecords: false });

const archiveShape = z.strictObject({
  format: z.literal('autotag-bundle-1'),
  files: z
    .array(z.strictObject({ path: z.string(), executable: z.boolean(), bytes: z.instanceof(Uint8Array) }))
    .max(maxBundleFiles),
});

/**
 * Packs files into an archive: the same files, in whatever order, give the same.
 * @throws Fault `BUNDLE_INVALID`
 */
export function packBundle(files: readonly BundleFile[]): Bundle {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  checkFiles(sorted);
  const archive = packr.pack({
    format: 'autotag-bundle-1',
    files: sorted.map(({ path, executable, bytes }) => ({ path, executable, bytes })),
  });
  checkLength(archive);
  return { id: sha256(archive), archive };
}

/**
 * The files of an archive, all of them checked.
 * @param id - what it is to be
 * @throws Fault `BUNDLE_DAMAGED` if it is another one by a single bit; `BUNDLE_INVALID` if it cannot be a bundle at all
 */
export function openBundle(archive: Uint8Array, id: string): readonly BundleFile[] {
  checkLength(archive);
  if (sha256(archive) !== id)
    throw new Fault('BUNDLE_DAMAGED', { id: shortId(id), reason: 'its bytes do not match its checksum' });
  const parsed = archiveShape.safeParse(unpack(archive));
  if (!parsed.success) throw invalid('it is no archive of files');
  checkFiles(parsed.data.files);
  return parsed.data.files;
}

/** Enough of an id for people to tell bundles apart. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Why a path cannot be in a bundle; `undefined` if it can. */
export function pathProblem(path: string): string | undefined {
  if (path.length === 0 || path.length > maxPathLength)
    return `is empty or longer than ${String(maxPathLength)} characters`;
  if (/[\p{Cc}\p{Cs}\\]/u.test(path)) return 'has a backslash or control characters';
  if (path.startsWith('/')) return 'is absolute';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'leads out of its folder, or has empty parts';
  if (parts.some((part) => Buffer.byteLength(part) > maxPartLength))
    return `has a part of more than ${String(maxPartLength)} bytes`;
  return undefined;
}

/** Every path can be written, on any file system, without meeting another one. */
function checkFiles(files: readonly BundleFile[]): void {
  if (files.length > maxBundleFiles)
    throw invalid(`it has ${String(files.length)} files, more than ${String(maxBundleFiles)}`);
  const [taken, folders] = [new Set<string>(), new Set<string>()];
  for (const { path } of files) {
    const problem = pathProblem(path);
    if (problem !== undefined) throw invalid(`the path ${shown(path)} ${problem}`);
    // File systems differ in what they tell apart.
    const key = path.normalize('NFC').toLowerCase();
    if (taken.has(key))
      throw invalid(`two of its files are called ${shown(path)}, apart from upper and lower case`);
    taken.add(key);
    for (let end = key.indexOf('/'); end !== -1; end = key.indexOf('/', end + 1))
      folders.add(key.slice(0, end));
  }
  const both = files.find(({ path }) => folders.has(path.normalize('NFC').toLowerCase()));
  if (both !== undefined) throw invalid(`${shown(both.path)} is a file and a folder`);
}

function checkLength({ length }: Uint8Array): void {
  if (length > maxBundleBytes)
    throw invalid(`it has ${String(length)} bytes, more than ${String(maxBundleBytes)}`);
}

function unpack(archive: Uint8Array): unknown {
  try {
    return packr.unpack(archive);
  } catch {
    return undefined;
  }
}

function invalid(reason: string): Fault {
  return new Fault('BUNDLE_INVALID', { reason });
}

/** A path of whatever length and characters, on one short line. */
function shown(path: string): string {
  return JSON.stringify(path.slice(0, 80));
}
