import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { host } from './host.ts';
import type { Figure, PartResult } from './part.ts';

/** The figures that count of all parts, by name. */
export type Summary = Readonly<Record<string, Figure>>;

/**
 * Writes a run side by side: the host, what each part measured, and the summary.
 * @returns the folder, from the root of the work tree
 */
export async function saveRun(results: ReadonlyMap<string, PartResult>, summary: Summary): Promise<string> {
  const folder = join('bench', 'runs', `${new Date().toISOString().slice(0, 10)}-${host.name}`);
  const files: [name: string, content: unknown][] = [
    ['host', host],
    ...[...results].map(([name, { raw }]): [string, unknown] => [name, raw]),
    ['summary', summary],
  ];
  await mkdir(join(packageRoot, folder), { recursive: true });
  for (const [name, content] of files)
    await writeFile(join(packageRoot, folder, `${name}.json`), `${JSON.stringify(content, rounded, 2)}\n`);
  return folder;
}

/** Six digits: more would be noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}
