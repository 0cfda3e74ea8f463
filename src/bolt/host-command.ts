import { fileURLToPath } from 'node:url';
import { builtEntry } from '../base/built-entry.ts';

/**
 * The command line that runs a bolt of TypeScript or JavaScript in this version of Node.js.
 * @param file - an ES module whose default export is a bolt
 * @param memoryBytes - what the process may take; JavaScript's heap gets half, the rest is for photos and Node.js itself
 */
export function hostCommand(file: string, memoryBytes: number): [string, ...string[]] {
  const heapMiB = Math.max(16, Math.floor(memoryBytes / 2 ** 21));
  return [
    process.execPath,
    `--max-old-space-size=${String(heapMiB)}`,
    '--enable-source-maps',
    fileURLToPath(builtEntry('host-entry', import.meta.url)),
    file,
  ];
}
