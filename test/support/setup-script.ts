import { join } from 'node:path';

/** The work tree's root. */
export const root = join(import.meta.dirname, '../..');

/** Imports a part of the set-up script, which is plain JavaScript: it runs before the compiler is there. */
export function setupScript<Exports>(name: string): Promise<Exports> {
  return import(join(root, 'scripts/setup', name)) as Promise<Exports>;
}
