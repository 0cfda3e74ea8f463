import { pathToFileURL } from 'node:url';
import { packageRoot } from './package-root.ts';

const root = pathToFileURL(`${packageRoot}/`).href;

/**
 * The file that a thread or a process is started with. It is a built one, also where the caller runs from source, as tests do: Node
 * starts it at once.
 * @param name - file beside the caller's, without its ending
 * @param caller - the caller's `import.meta.url`
 */
export function builtEntry(name: string, caller: string): URL {
  const built = caller.endsWith('.ts') ? caller.replace(root, `${root}dist/`) : caller;
  return new URL(`./${name}.js`, built);
}
