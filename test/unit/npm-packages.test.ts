import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { untar } from '../../scripts/prepare/npm-packages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'untar-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a tar archive gives back its files, also those with long names', () => {
  const deep = `package/${'folder-'.repeat(9)}/${'inside-'.repeat(9)}`;
  const contents = new Map([
    ['package/empty', Buffer.alloc(0)],
    ['package/one-block', Buffer.alloc(512, 1)],
    ['package/a photo.jpg', Buffer.alloc(70_001, 2)],
    [`${deep}/x`, Buffer.from('deep')],
  ]);
  mkdirSync(join(folder, deep), { recursive: true });
  for (const [name, content] of contents) writeFileSync(join(folder, name), content);
  const archive = execFileSync('tar', ['-c', '--format=ustar', '-C', folder, 'package'], {
    maxBuffer: 1 << 24,
  });

  const found = untar(archive);

  expect([...found.keys()].sort()).toEqual([...contents.keys()].sort());
  for (const [name, content] of contents)
    expect(Buffer.from(found.get(name)!).equals(content), name).toBe(true);
});
