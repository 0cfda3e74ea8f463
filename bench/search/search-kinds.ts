import { PhotoGenerator } from '../store/photo-generator.ts';
import { ownerName, tagName, type MadeCorpus } from './made-corpus.ts';

const frequent = 20;

/** Makes a query of a kind. */
export type QueryMaker = () => string;

/** The kinds of searches that are measured; the same queries for the same corpus. */
export function searchKinds(corpus: MadeCorpus): Readonly<Record<string, QueryMaker>> {
  const generator = new PhotoGenerator({ vocabulary: 1, tagsPerPhoto: 1, seed: 2 });
  const below = (count: number) => Math.floor(generator.random() * count);
  const any = () => tagName(below(corpus.vocabulary));
  const often = () => tagName(below(frequent));
  const two = (): [string, string] => {
    const first = below(frequent);
    return [tagName(first), tagName((first + 1 + below(frequent - 1)) % frequent)];
  };
  // As photos have them: of those with many photos more often.
  const owner = () => `owner:"${ownerName(corpus.owners * generator.random() ** 3)}"`;
  const day = () => new Date(corpus.row(1 + below(corpus.photos)).taggedAt).toISOString().slice(0, 10);
  const months = () => `date>=${String(2023 + below(3))}-0${String(1 + below(9))}-01`;
  return {
    'one tag': any,
    'one of the 20 most frequent': often,
    'two of the 20': () => two().join(' '),
    'one of the 20 without another': () => two().join(' -'),
    'two of the 20, score>0.8': () => `${two().join(' ')} score>0.8`,
    'a rare and a frequent tag': () => `${any()} ${often()}`,
    'either of two and a third': () => `${two().join(' OR ')} ${often()}`,
    'one of the 20 of an owner': () => `${often()} ${owner()}`,
    'two of the 20 of an owner': () => `${two().join(' ')} ${owner()}`,
    'one of the 20 on a day': () => `${often()} ${onDay(day())}`,
    'two of the 20 since a month': () => `${two().join(' ')} ${months()}`,
    'all of an owner': owner,
    'a model and one of the 20': () => `${often()} model:${String(1 + below(3))}`,
  };
}

/** The kinds that make up the mix: what people ask for most, and what is known to be slow. */
export const mixedKinds: readonly string[] = [
  'one tag',
  'one of the 20 most frequent',
  'two of the 20',
  'one of the 20 without another',
  'two of the 20, score>0.8',
];

/** The kinds whose facets are counted. */
export function facetKinds(corpus: MadeCorpus): Readonly<Record<string, QueryMaker>> {
  const kinds = searchKinds(corpus);
  const chosen = [
    'one tag',
    'one of the 20 most frequent',
    'two of the 20',
    'a rare and a frequent tag',
    'all of an owner',
  ];
  return Object.fromEntries(Object.entries(kinds).filter(([kind]) => chosen.includes(kind)));
}

function onDay(day: string): string {
  return `date>=${day} date<=${day}`;
}
