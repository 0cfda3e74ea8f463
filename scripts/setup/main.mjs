import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildStep } from './build.mjs';
import { endCommands } from './command.mjs';
import { takeLock } from './lock.mjs';
import { packagesStep } from './packages.mjs';
import { pageStep } from './page.mjs';
import { Progress, runSteps } from './steps.mjs';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache');

/** Runs every step in turn; the ones that come after the build are compiled TypeScript. */
export async function setUp() {
  const progress = new Progress(process.stderr);
  let release = () => {};
  try {
    mkdirSync(cache, { recursive: true });
    release = await takeLock(join(cache, 'setup.lock'), (line) => progress.note(line));
    stopOnSignals(() => release());
    const started = [nodeStep, packagesStep(root), kernelStep, buildStep(root), pageStep(root)];
    const ready = (await runSteps(started, progress)) && (await runSteps(await compiledSteps(), progress));
    if (!ready) process.exitCode = 1;
  } catch (error) {
    progress.fail('setup', error, 'Run `npm run setup` again.');
    process.exitCode = 1;
  } finally {
    release();
  }
}

const nodeStep = {
  title: 'Node.js',
  advice: '',
  run: async () => `${process.versions.node}`,
};

const kernelStep = {
  title: 'kernel',
  advice: 'The repository carries it: bring it back with `git checkout -- wasm/pkg`.',
  run: async () => {
    const file = join(root, 'wasm/pkg/autotag_kernel_bg.wasm');
    if (!existsSync(file)) throw new Error(`${file} is missing`);
    return undefined;
  },
};

async function compiledSteps() {
  const { prepareSteps } = await import(pathToFileURL(join(root, 'dist/scripts/prepare.js')).href);
  return prepareSteps(root);
}

function stopOnSignals(release) {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])
    process.once(signal, () => {
      endCommands();
      release();
      process.exit(code);
    });
}
