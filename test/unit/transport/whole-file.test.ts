import { link, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeFile } from '../../../src/transport/whole-file.ts';
import { withFolder } from '../../support/training-set.ts';

test('a whole file gets its name; one that is there is replaced or not, as it is wanted', async () => {
  await withFolder(async (folder) => {
    const [made, file] = [join(folder, 'made'), join(folder, 'file')];
    await writeFile(made, 'new');
    await placeFile(made, file, { existing: 'refuse' });
    expect(await readdir(folder)).toEqual(['file']);
    await writeFile(made, 'newer');
    await expect(placeFile(made, file, { existing: 'refuse' })).rejects.toMatchObject({ code: 'FILE_WRITE' });
    expect([await readFile(file, 'utf8'), await readFile(made, 'utf8')]).toEqual(['new', 'newer']);
    await placeFile(made, file);
    expect([await readdir(folder), await readFile(file, 'utf8')]).toEqual([['file'], 'newer']);
  });
});

test('a file that has its name already, but lost its process before the other one was removed, is done with', async () => {
  await withFolder(async (folder) => {
    const [made, file] = [join(folder, 'made'), join(folder, 'file')];
    await writeFile(made, 'new');
    await link(made, file);
    await placeFile(made, file, { existing: 'refuse' });
    expect(await readdir(folder)).toEqual(['file']);
  });
});
