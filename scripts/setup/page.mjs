import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readText } from './build.mjs';
import { runCommand } from './command.mjs';

const settings = 'src/web/page/vite.config.ts';

/** Builds the web page to `dist/page/`, unless nothing has changed since. */
export function pageStep(root) {
  return {
    title: 'web page',
    advice: '`npm run build` shows what is wrong in which file.',
    run: async (note) => {
      const stamp = join(root, 'dist/page/.sources');
      const hash = hashFiles(root, pageFiles(root));
      if (readText(stamp) === hash && existsSync(join(root, 'dist/page/index.html'))) return undefined;
      note('vite');
      const vite = join(root, 'node_modules/vite/bin/vite.js');
      await runCommand(process.execPath, [vite, 'build', '--config', settings], { cwd: root });
      writeFileSync(stamp, hash);
      return 'built';
    },
  };
}

/** All that the page is made of: its folder, and the one file beside it that it takes more than types of. */
function pageFiles(root) {
  const own = readdirSync(join(root, 'src/web/page'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return ['package-lock.json', 'src/transport/run-pace.ts', ...own.sort()];
}
