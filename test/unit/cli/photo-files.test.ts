import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { photoFiles } from '../../../src/cli/photo-files.ts';
import { temporaryFolder } from '../../support/model.ts';

describe('photo files', () => {
  let folder: string;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    ({ path: folder, remove } = await temporaryFolder());
  });

  afterEach(() => remove());

  const file = (name: string) => writeFile(join(folder, name), 'x');
  const folderAt = (name: string) => mkdir(join(folder, name), { recursive: true });
  const link = (target: string, name: string) => symlink(join(folder, target), join(folder, name));

  /** Paths below the folder, and those with a fault after a `!`; sorted. */
  async function found(...paths: string[]): Promise<string[]> {
    const names: string[] = [];
    for await (const { path, fault } of photoFiles(paths.length === 0 ? [folder] : paths))
      names.push(`${fault === undefined ? '' : '!'}${relative(folder, path)}`);
    return names.sort();
  }

  it('takes photos of a folder by their endings, any depth, any case', async () => {
    await folderAt('a/b');
    for (const name of ['1.jpg', 'a/2.JPEG', 'a/b/3.png', 'a/b/4.heic', 'notes.txt', 'a/jpg', '.jpg'])
      await file(name);
    expect(await found()).toEqual(['1.jpg', 'a/2.JPEG', 'a/b/3.png', 'a/b/4.heic']);
  });

  it('takes a named file whatever its ending', async () => {
    await file('notes.txt');
    expect(await found(join(folder, 'notes.txt'))).toEqual(['notes.txt']);
  });

  it('takes names with newlines, escapes and leading dashes as they are', async () => {
    const names = ['-rf.jpg', 'two\nlines.jpg', '\u001B[2J.png', 'ä 😀.gif'];
    for (const name of names) await file(name);
    expect(await found()).toEqual(names.sort());
  });

  it('ends where links lead into a circle, each photo once', async () => {
    await folderAt('a/b');
    await file('a/b/1.jpg');
    await link('a', 'a/b/up');
    await link('', 'a/b/top');
    await symlink('self', join(folder, 'self'));
    expect(await found()).toEqual(['a/b/1.jpg']);
  });

  it('follows several links to one folder once', async () => {
    await folderAt('in');
    const outside = await temporaryFolder();
    try {
      await writeFile(join(outside.path, '1.jpg'), 'x');
      await symlink(outside.path, join(folder, 'in/x'));
      await symlink(outside.path, join(folder, 'in/y'));
      expect(await found()).toHaveLength(1);
    } finally {
      await outside.remove();
    }
  });

  it('does not explode where every folder links to the next one twice', async () => {
    for (let depth = 0; depth < 24; depth += 1) await folderAt(`d${String(depth)}`);
    for (let depth = 0; depth < 23; depth += 1)
      for (const name of ['l', 'r']) await link(`d${String(depth + 1)}`, `d${String(depth)}/${name}`);
    await file('d23/1.jpg');
    const photos = await found(join(folder, 'd0'));
    expect(photos).toHaveLength(1);
  });

  it('follows a link to a photo, and reports one that leads nowhere', async () => {
    await file('1.jpg');
    await link('1.jpg', '2.jpg');
    await link('gone', '3.jpg');
    await link('gone', 'not-a-photo');
    expect(await found()).toEqual(['!3.jpg', '1.jpg', '2.jpg']);
  });

  it('reports what is not there, and goes on', async () => {
    await file('1.jpg');
    const missing = join(folder, 'missing');
    expect(await found(missing, join(folder, '1.jpg'))).toEqual(['!missing', '1.jpg']);
    const problems = photoFiles([missing]);
    const first = await problems.next();
    expect(first.value).toMatchObject({
      fault: { code: 'FILE_READ', message: `${missing} cannot be read: there is no such file or folder.` },
    });
  });

  it('never opens a pipe', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.jpg')]);
    expect(await found()).toEqual([]);
    expect(await found(join(folder, 'pipe.jpg'))).toEqual(['!pipe.jpg']);
  });

  it.skipIf(process.getuid?.() !== 0)('reports a folder that may not be read, and goes on', async () => {
    await folderAt('private');
    await chmod(folder, 0o755);
    await chmod(join(folder, 'private'), 0o700);
    await file('z.jpg');
    process.seteuid?.(65_534);
    try {
      expect(await found()).toEqual(['!private', 'z.jpg']);
    } finally {
      process.seteuid?.(0);
    }
  });

  it('leaves a folder of many photos as soon as nobody wants more', async () => {
    for (let number = 0; number < 200; number += 1) await file(`${String(number)}.jpg`);
    const photos = photoFiles([folder]);
    expect((await photos.next()).done).toBe(false);
    expect((await photos.return(undefined)).done).toBe(true);
    expect((await photos.next()).done).toBe(true);
  });
});
