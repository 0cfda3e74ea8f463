import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import { host } from './host.ts';
import type { Figure, PartResult } from './part.ts';

/** The figures that count of all parts, by name. */
export type Summary = Readonly<Record<string, Figure>>;

/**
 * Writes a run side by side: the host, what each part measured, and the summary.
 * @param names - the parts that were named; none for a run of all
 * @returns the folder, from the root of the work tree
 */
export async function saveRun(
  results: ReadonlyMap<string, PartResult>,
  summary: Summary,
  names: readonly string[],
): Promise<string> {
  const name = [new Date().toISOString().slice(0, 10), host.name, ...names].join('-');
  const folder = join('bench', 'runs', name);
  const files: [name: string, content: unknown][] = [
    ['host', host],
    ...[...results].map(([part, { raw }]): [string, unknown] => [part, raw]),
    ['summary', summary],
  ];
  await mkdir(join(packageRoot, folder), { recursive: true });
  for (const [file, content] of files)
    await writeFile(join(packageRoot, folder, `${file}.json`), `${JSON.stringify(content, rounded, 2)}\n`);
  return folder;
}

/** Six digits: more would be noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}
