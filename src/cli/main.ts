#!/usr/bin/env node
import { tooOld } from './node-version.ts';

const problem = tooOld(process.versions.node);
if (problem === undefined) {
  // Imported only now: everything else is written for a recent Node.
  void import('./process.ts').then(({ runProcess }) => runProcess());
} else {
  const error = { code: 'NODE_VERSION', message: problem };
  process.stderr.write(`${process.argv.includes('--json') ? JSON.stringify({ error }) : problem}\n`);
  process.exitCode = 1;
}
