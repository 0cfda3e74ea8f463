import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/package-root.ts';
import { subjectTable } from '../../src/transport/subjects.ts';

test('the documentation shows the table of subjects as it is', async () => {
  expect(await readFile(join(packageRoot, 'docs/subjects.md'), 'utf8')).toContain(subjectTable());
});
