import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Fault, reasonOf } from '../base/errors.ts';
import {
  maxBundleBytes,
  packBundle,
  pathProblem,
  type Bundle,
  type BundleFile,
} from '../transport/bundle.ts';
import type { BoltProgram, Component, TopologySpec } from '../transport/topology-spec.ts';
import { bundleModule } from './bundler.ts';
import type { TopologyFile } from './topology-file.ts';

/** A topology that is ready to be deployed. */
export interface BundledTopology {
  /** Its programs name files of the bundle. */
  readonly spec: TopologySpec;
  /** None where no bolt has a program. */
  readonly bundle: Bundle | undefined;
  readonly files: readonly BundleFile[];
}

/** A bolt whose program is in the bundle. */
interface BundledComponent {
  readonly component: Component;
  readonly files: readonly BundleFile[];
}

/**
 * Bundles the programs of a topology with the files that they need.
 * @throws Fault `TOPOLOGY_FILE` (a module that does not compile), `FILE_READ`, `BUNDLE_INVALID`
 */
export async function bundleTopology({ spec, folder }: TopologyFile): Promise<BundledTopology> {
  const bundled = await Promise.all(spec.components.map((component) => bundleComponent(component, folder)));
  const components = bundled.map(({ component }) => component);
  if (components.every(({ program }) => program === undefined))
    return { spec: { name: spec.name, components }, bundle: undefined, files: [] };
  // Two bolts may need the same file.
  const files = [
    ...new Map(bundled.flatMap((one) => one.files).map((file) => [file.path, file])).values(),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const bundle = packBundle(files);
  const reference = { id: bundle.id, bytes: bundle.archive.length };
  return { spec: { name: spec.name, components, bundle: reference }, bundle, files };
}

async function bundleComponent(component: Component, folder: string): Promise<BundledComponent> {
  const { program } = component;
  if (program === undefined) return { component, files: [] };
  const { files: also = [], ...runs } = program;
  const { command, files } = await bundleCommand(component.name, runs, folder);
  const more = await Promise.all(also.map((path) => filesAt(path, folder)));
  return { component: { ...component, program: { ...runs, command } }, files: [...files, ...more.flat()] };
}

/** A module of Node.js is one file under the name of its bolt; of another command, the files that its arguments name. */
async function bundleCommand(
  bolt: string,
  { command }: BoltProgram,
  folder: string,
): Promise<{ readonly command: string[]; readonly files: readonly BundleFile[] }> {
  const [program = '', entry, ...rest] = command;
  if (program === 'node' && entry !== undefined && !entry.startsWith('-')) {
    const bytes = await bundleModule(join(folder, entry), folder);
    const path = `${bolt}.mjs`;
    return { command: ['node', path, ...rest], files: [{ path, executable: false, bytes }] };
  }
  const named = await Promise.all(command.map((argument) => fileNamed(argument, folder)));
  const files = named.filter((file) => file !== undefined);
  // Without a folder it would be looked for in PATH.
  const own = named[0] === undefined ? program : `./${named[0].path}`;
  return { command: [own, ...command.slice(1)], files };
}

/** The file beside the topology's that an argument names, if it does. */
async function fileNamed(argument: string, folder: string): Promise<BundleFile | undefined> {
  const path = posix.normalize(argument);
  if (pathProblem(path) !== undefined) return undefined;
  const found = await lstat(join(folder, path)).catch(() => undefined);
  return found?.isFile() === true ? await readOne(path, folder) : undefined;
}

/** The file, or all files of the folder, at a path that a program says it needs. */
async function filesAt(given: string, folder: string): Promise<BundleFile[]> {
  const path = posix.normalize(given).replace(/\/$/, '');
  const found = await lstat(join(folder, path)).catch((error: unknown) => {
    throw new Fault('FILE_READ', { file: given, reason: reasonOf(error) }, error);
  });
  if (!found.isDirectory()) return [await readOne(path, folder)];
  const entries = (await readdir(join(folder, path))).sort();
  const files = await Promise.all(entries.map((entry) => filesAt(posix.join(path, entry), folder)));
  return files.flat();
}

async function readOne(path: string, folder: string): Promise<BundleFile> {
  const place = join(folder, path);
  const stats = await lstat(place);
  if (!stats.isFile()) throw new Fault('FILE_READ', { file: path, reason: 'it is no regular file' });
  if (stats.size > maxBundleBytes)
    throw new Fault('BUNDLE_INVALID', { reason: `${path} alone has ${String(stats.size)} bytes` });
  return { path, executable: (stats.mode & 0o111) !== 0, bytes: await readFile(place) };
}
