import { correctionsOf } from './corrections.ts';
import type { KeptCorrections } from './corrections.ts';
import type { Dictionary, TagNumbers } from './dictionary.ts';
import { scoreUnits } from './tag-store.ts';

/** A tag as its row and the indexes know it. */
export type NumberedTag = TagNumbers & {
  /** Whole number of 1/10,000. */
  readonly score: number;
};

/**
 * What a photo is shown with and found by: what users have accepted, then what the machine says of tags of which they say nothing.
 * Only inside a write transaction: users may name tags that nobody had before.
 */
export function countedTags(
  machine: readonly NumberedTag[],
  corrections: KeptCorrections,
  dictionary: Dictionary,
): readonly NumberedTag[] {
  if (corrections === null) return machine;
  const said = correctionsOf(corrections).map(({ tag, verdict }) => {
    return { verdict, ...dictionary.numbersOf(tag), score: scoreUnits };
  });
  const terms = new Set(said.map(({ term }) => term));
  const accepted = said.filter(({ verdict }) => verdict === 'accept');
  return [...accepted, ...machine.filter(({ term }) => !terms.has(term))];
}
