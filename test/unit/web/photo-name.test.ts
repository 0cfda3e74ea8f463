import { expect, test } from 'vitest';
import { photoName } from '../../../src/web/page/parts/photo-name.ts';

test('a photo is called by its file without folders, else by its id', () => {
  const names = ['/home/ann/cat.jpg', 'C:\\photos\\cat.jpg', 'cat.jpg', 'cats/', undefined];
  expect(names.map((file) => photoName({ id: 'a/b', file }))).toEqual([
    'cat.jpg',
    'cat.jpg',
    'cat.jpg',
    'cats/',
    'a/b',
  ]);
});
