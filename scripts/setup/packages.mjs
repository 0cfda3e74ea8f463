import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';

/** npm packages, as the lock file says. */
export function packagesStep(root) {
  return {
    title: 'npm packages',
    advice: 'Check that the npm registry can be reached (`npm ping`), then run `npm run setup` again.',
    run: async (note) => {
      const wanted = readLock(join(root, 'package-lock.json'));
      if (isInstalled(wanted, readLock(join(root, 'node_modules/.package-lock.json')))) return undefined;
      note('npm ci');
      // Development packages hold the compiler, so they are needed even with NODE_ENV=production.
      await runNpm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], root);
      return 'installed';
    },
  };
}

/**
 * Whether the installed packages, by npm's record of them, are those of the lock file. The record is written when an installation is
 * complete, so an interrupted one counts as none.
 */
export function isInstalled(wanted, installed) {
  if (wanted === undefined || installed === undefined) return false;
  const have = installed.packages ?? {};
  for (const [path, entry] of Object.entries(wanted.packages ?? {})) {
    if (path === '') continue; // the project itself, which the record leaves out
    // An optional package may be for another machine; it counts only when it is there.
    if (have[path] === undefined ? !entry.optional : have[path].integrity !== entry.integrity) return false;
  }
  return Object.keys(have).every((path) => wanted.packages?.[path] !== undefined);
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function runNpm(args, cwd) {
  const npm = process.env.npm_execpath;
  return npm?.endsWith('.js')
    ? runCommand(process.execPath, [npm, ...args], { cwd })
    : runCommand('npm', args, { cwd });
}
