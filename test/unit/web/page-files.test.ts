import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { createApp } from '../../../src/web/fastify-app.ts';
import { addPage } from '../../../src/web/page-files.ts';
import { dataFolder, type DataFolder } from '../../support/data-folder.ts';

let folder: DataFolder;

beforeEach(async () => {
  folder = await dataFolder();
});
afterEach(() => folder.remove());

async function served() {
  const app = createApp(silentLog, undefined);
  await addPage(app, folder.path);
  return app;
}

test('files of the page are served, with a policy that lets no script of others in', async () => {
  await mkdir(join(folder.path, 'assets'));
  await writeFile(join(folder.path, 'index.html'), '<!doctype html>');
  await writeFile(join(folder.path, 'assets', 'index-1.js'), 'let page;');
  await writeFile(join(folder.path, '.sources'), 'not for others');
  const app = await served();
  const index = await app.inject('/');
  expect([index.statusCode, index.body, index.headers['cache-control']]).toEqual([
    200,
    '<!doctype html>',
    'no-cache',
  ]);
  expect(index.headers['content-security-policy']).toContain("script-src 'self';");
  const script = await app.inject('/assets/index-1.js');
  expect([script.statusCode, script.headers['content-type']]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ]);
  expect(script.headers['cache-control']).toContain('immutable');
  for (const path of ['/.sources', '/assets', '/assets/../../package.json', '/..%2f..%2fpackage.json'])
    expect((await app.inject(path)).statusCode, path).toBe(404);
});

test('where it is not built, it is said how to', async () => {
  const { statusCode, body } = await (await served()).inject('/');
  expect([statusCode, body]).toEqual([503, 'The page is not built here: `npm run build` builds it.\n']);
});
