// `npm run setup`: finds or gets everything that Autotag needs. Runs before any package is installed, so plain Node only.
import { tooOld } from './setup/node-version.mjs';

const problem = tooOld(process.versions.node);
if (problem === undefined) {
  // Imported only now: the rest is written for a recent Node.
  import('./setup/main.mjs').then((main) => main.setUp());
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
