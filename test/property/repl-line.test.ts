import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { replCommands } from '../../src/repl/commands.ts';
import { parseLine } from '../../src/repl/evaluate.ts';
import { subjectOf } from '../../src/transport/subjects.ts';

const name = fc.constantFrom(...replCommands.map((command) => command.name));
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    'photos',
    '#14',
    'n1',
    '*',
    '>',
    'n1.>',
    '7',
    'all',
    '3f2a91',
    '__proto__',
    '../x',
    '\u001B[2J',
  ),
);
const line = fc
  .tuple(fc.option(name, { nil: '' }), fc.array(word, { maxLength: 4 }))
  .map(([first, words]) => [first, ...words].join(' '));

it('any line is understood or refused in one sentence, and what is understood names no other subject', () => {
  fc.assert(
    fc.property(line, (text) => {
      try {
        const { node } = (parseLine(text)?.argument ?? {}) as { node?: string };
        if (node !== undefined) expect(subjectOf('inspect', { node, verb: 'tree' })).toContain(`.${node}.`);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
        expect(error).toMatchObject({ code: 'USAGE' });
      }
    }),
    { numRuns: 2_000 },
  );
});
