import { expect, test } from 'vitest';
import { runSpec } from '../../../src/transport/run-spec.ts';

const accepts = (file: string) => [
  runSpec.safeParse({ kind: 'tag', pixels: [file], out: '/tmp/tags.tsv' }).success,
  runSpec.safeParse({ kind: 'tag', pixels: ['/tmp/photos.tsv'], out: file }).success,
  runSpec.safeParse({ kind: 'train', folders: [file] }).success,
];

test('a run names files by absolute paths, wherever the node was started', () => {
  for (const file of ['/a', '/a b/ü\n.tsv']) expect(accepts(file), file).toEqual([true, true, true]);
  for (const file of ['', 'a', './a', '../a', '\u{95c66}e', '/a\0b', `/${'a'.repeat(4096)}`])
    expect(accepts(file), file.slice(0, 9)).toEqual([false, false, false]);
});
