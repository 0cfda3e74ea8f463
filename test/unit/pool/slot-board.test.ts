import { describe, expect, test } from 'vitest';
import { SlotBoard, placesPerThread } from '../../../src/pool/slot-board.ts';

describe('a slot board', () => {
  test('is empty at first, and the same for all who share its buffer', () => {
    const written = new SlotBoard();
    const read = new SlotBoard(written.buffer);
    expect(Array.from({ length: placesPerThread }, (_, place) => read.get(place))).toEqual([
      'empty',
      'empty',
    ]);
    written.set(1, 'kernel');
    expect(read.get(1)).toBe('kernel');
    expect(read.get(0)).toBe('empty');
  });

  test.each([
    [['empty', 'empty'], []],
    [['decoding', 'empty'], [0]],
    [
      ['decoding', 'decoding'],
      [0, 1],
    ],
    [['kernel', 'decoding'], [0]],
    [['decoding', 'kernel'], [1]],
    [['empty', 'kernel'], [1]],
  ] as const)('that shows %j suspects %j', (stages, suspects) => {
    const board = new SlotBoard();
    for (const [place, stage] of stages.entries()) board.set(place, stage);
    expect(board.suspects()).toEqual(suspects);
  });
});
