import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of Autotag's `package.json`, the same from the sources and from a build. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The version in `package.json`. */
export const { version: packageVersion } = JSON.parse(
  readFileSync(join(packageRoot, 'package.json'), 'utf8'),
) as { readonly version: string };

/** What `npm run setup` makes. */
export const setupFiles = {
  /** Parameters of the extractor `lite0`. */
  lite0: join(packageRoot, '.cache', 'lite0.parameters'),
  /** The model of a fresh cluster. */
  starterModel: join(packageRoot, '.cache', 'starter.model'),
} as const;

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
