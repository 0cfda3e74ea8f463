import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../scripts/prepare/command.ts';
import { reasonOf } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/ids.ts';

const pinned = [
  'scikit-learn==1.7.2',
  'numpy==2.2.6',
  'scipy==1.15.3',
  'joblib==1.5.2',
  'threadpoolctl==3.6.0',
] as const;

/**
 * A Python with {@link pinned} packages, in a folder of `cache`; made once.
 * @returns its program
 * @throws Error that says what is missing
 */
export async function pythonWithPackages(cache: string): Promise<string> {
  const folder = join(cache, `python-${sha256(pinned.join(' ')).slice(0, 16)}`);
  const program = join(folder, 'bin', 'python');
  const ready = join(folder, 'ready');
  if (existsSync(ready)) return program;
  try {
    await rm(folder, { recursive: true, force: true });
    await runCommand('python3', ['-m', 'venv', folder]);
    await runCommand(program, ['-m', 'pip', 'install', '--no-input', '--only-binary=:all:', ...pinned]);
    await writeFile(ready, '');
  } catch (error) {
    throw new Error(
      `LIBLINEAR needs Python 3.10 or later with venv (Debian: \`apt-get install python3-venv\`) and PyPI: ${reasonOf(error)}`,
      { cause: error },
    );
  }
  return program;
}
