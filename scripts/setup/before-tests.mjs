// What vitest runs before tests: they start threads and processes from `dist`, which is brought up to date first.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildStep } from './build.mjs';
import { takeLock } from './lock.mjs';
import { pageStep } from './page.mjs';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache');
const note = (line) => process.stderr.write(`${line}\n`);

/** @param {import('vitest/node').TestProject} project */
export async function setup(project) {
  await build();
  project.onTestsRerun(build);
}

async function build() {
  mkdirSync(cache, { recursive: true });
  const release = await takeLock(join(cache, 'setup.lock'), note);
  try {
    for (const { title, run } of [buildStep(root), pageStep(root)])
      await run((doing) => note(`${title}: ${doing}`));
  } finally {
    release();
  }
}
