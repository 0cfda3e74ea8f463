import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';

const sources = ['src', 'actors', 'bench', 'scripts', 'test/chaos', 'test/support'];
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Compiles TypeScript to `dist/`, unless nothing has changed since. */
export function buildStep(root) {
  return {
    title: 'build',
    advice: 'The compiler says what is wrong in which file; `npm run build` shows it again.',
    run: async (note) => {
      const stamp = join(root, 'dist/.sources');
      const hash = hashSources(root);
      if (readText(stamp) === hash) return undefined;
      note('tsc');
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      await runCommand(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root });
      writeFileSync(stamp, hash);
      return 'compiled';
    },
  };
}

/** SHA-256 over names and contents of everything that is compiled here. */
export function hashSources(root) {
  const files = sources.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('web/page/'))
      .map((name) => `${folder}/${name}`),
  );
  return hashFiles(root, [...settings, ...files.sort()]);
}

/** SHA-256 over names and contents of files of the work tree. */
export function hashFiles(root, files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(`${file}\0`).update(
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest(),
    );
  return hash.digest('hex');
}

/** A file's text, or undefined if there is none. */
export function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
