import { correctionsOf } from './corrections.ts';
import type { KeptCorrections } from './corrections.ts';
import type { Dictionary } from './dictionary.ts';
import type { TermScore } from './posting-changes.ts';
import { unpackTagList } from './tag-list.ts';
import { scoreUnits } from './tag-store.ts';

/** What a row keeps of a photo's tags. */
export interface KeptTags {
  /** What the machine says, see `packTagList`. */
  readonly tags: Uint8Array;
  readonly corrections: KeptCorrections;
}

/**
 * What a photo is found by: what users have accepted, and what the machine says of tags of which they say nothing. Only inside a write
 * transaction: users may name tags that nobody had before.
 */
export function countedTerms({ tags, corrections }: KeptTags, dictionary: Dictionary): readonly TermScore[] {
  const machine = unpackTagList(tags).map(({ id, score }) => ({ term: dictionary.tag(id).term, score }));
  if (corrections === null) return machine;
  const said = new Map(
    correctionsOf(corrections).map(({ tag, verdict }) => [dictionary.numbersOf(tag).term, verdict]),
  );
  const accepted = [...said].filter(([, verdict]) => verdict === 'accept');
  return [
    ...accepted.map(([term]) => ({ term, score: scoreUnits })),
    ...machine.filter(({ term }) => !said.has(term)),
  ];
}
