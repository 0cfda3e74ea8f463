import { build, type BuildFailure, type BuildOptions } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { Fault, reasonOf } from '../base/errors.ts';

/** What the files of users import of Autotag, wherever they are. */
const modules: Readonly<Record<string, string>> = {
  'autotag/topology': ownFile('../topology'),
  'autotag/bolt': ownFile('../bolt/bolt'),
};

/** Packages that are CommonJS look for this. */
const banner =
  "import { createRequire as autotagRequire } from 'node:module'; globalThis.require ??= autotagRequire(import.meta.url);";

/**
 * One ES module of a TypeScript or JavaScript file and all that it imports. The same files give the same bytes, wherever they
 * are.
 *
 * @param file - absolute
 * @param folder - what the file is told of by: its topology's
 * @throws Fault `TOPOLOGY_FILE` that says where it does not compile
 */
export async function bundleModule(file: string, folder: string): Promise<Uint8Array> {
  const { outputFiles, metafile } = await bundled(file, {
    absWorkingDir: folder,
    entryPoints: [file],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    charset: 'utf8',
    sourcemap: false,
    legalComments: 'none',
    logLevel: 'silent',
    alias: { ...modules },
    banner: { js: banner },
  });
  return withoutPaths(outputFiles?.[0]?.text ?? '', Object.keys(metafile?.inputs ?? {}));
}

async function bundled(file: string, options: BuildOptions) {
  try {
    return await build(options);
  } catch (error) {
    throw new Fault('TOPOLOGY_FILE', { file, reason: failureOf(error) }, error);
  }
}

/** The first thing that esbuild has found, on one line. */
function failureOf(error: unknown): string {
  const [first] = isFailure(error) ? error.errors : [];
  if (first === undefined) return reasonOf(error);
  const where = first.location === null ? '' : ` (${first.location.file}:${String(first.location.line)})`;
  return `${first.text.replace(/\s+/g, ' ')}${where}`;
}

function isFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** Without the comments that say where each part comes from, which is elsewhere on each machine. */
function withoutPaths(text: string, inputs: readonly string[]): Uint8Array {
  const comments = new Set(inputs.map((input) => `// ${input}`));
  const lines = text.split('\n').filter((line) => !comments.has(line));
  return new TextEncoder().encode(lines.join('\n'));
}

/** A file of this package, whether it runs from source or from a build. */
function ownFile(name: string): string {
  return fileURLToPath(new URL(`${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
}
