import type { Fault } from '../base/errors.ts';
import { conditionOf, printConditions, type QueryConditions } from './query-conditions.ts';
import { inQuotation, syntax, syntaxAt, tokensOf, type Token } from './query-tokens.ts';

/** The longest query that is read, in bytes of UTF-8. */
export const maxQueryBytes = 4096;

/** The most tags one query may name, wanted and unwanted together. */
const maxQueryTerms = 32;

/**
 * A search for photos; every tag is a {@link searchTerm}. Something is wanted: a tag, an owner, a model or a time.
 */
export interface SearchQuery extends QueryConditions {
  /** Tags a photo must have: one of each group, which has no tag twice and is never empty. */
  readonly wanted: readonly (readonly string[])[];
  /** Tags a photo must not have, whatever their score. */
  readonly unwanted: readonly string[];
}

/**
 * A tag's text as searches compare it: case, composed or decomposed accents, and runs of white space
 * make no difference (NFC; lower, upper, lower case, so that "ẞ", "ß" and "ss" are one, and "Σ", "σ" and "ς"; trimmed).
 */
export function searchTerm(tag: string): string {
  const folded = tag.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
  return folded.replace(/\s+/gu, ' ').trim();
}

/**
 * Reads the query language: words are tags a photo must have, `one OR other` tags of which it must have one, `-word` one
 * it must not have, `"two words"` a tag with spaces (`\"` and `\\` inside), `score>0.8` a condition on all wanted tags,
 * `date>=2026-01-31`, `model:3f2a91` and `owner:alice` conditions on photos. See `docs/search.md`.
 * @throws Fault `QUERY_SYNTAX` that says where and what to do
 */
export function parseSearchQuery(text: string): SearchQuery {
  if (text.length > maxQueryBytes || Buffer.byteLength(text) > maxQueryBytes)
    throw syntax(`it is longer than ${String(maxQueryBytes)} bytes; name fewer tags`);
  const parser = new Parser();
  for (const token of tokensOf(text)) parser.take(token);
  return parser.end();
}

/** The query as text that {@link parseSearchQuery} reads back to the same query. */
export function printSearchQuery(query: SearchQuery): string {
  return [
    ...query.wanted.map((group) => group.map(printTag).join(' OR ')),
    ...query.unwanted.map((tag) => `-${printTag(tag)}`),
    ...printConditions(query),
  ].join(' ');
}

class Parser {
  readonly #wanted: string[][] = [];
  readonly #unwanted = new Set<string>();
  #conditions: QueryConditions = {};
  #tags = 0;
  /** The group that an `OR` would add to: that of the tag before. */
  #group: string[] | undefined;
  /** An `OR` whose second tag has not come yet. */
  #or: Token | undefined;

  take(token: Token): void {
    if (isWord(token, 'OR') && !token.negated) {
      if (this.#group === undefined || this.#or !== undefined) throw loneOr(token);
      this.#or = token;
      return;
    }
    const condition = conditionOf(token);
    if (this.#or !== undefined && (condition !== undefined || token.negated)) throw loneOr(this.#or);
    if (condition === undefined) this.#takeTag(token);
    else this.#takeCondition(token, condition);
  }

  end(): SearchQuery {
    if (this.#or !== undefined) throw loneOr(this.#or);
    const { score, ...rows } = this.#conditions;
    if (this.#wanted.length === 0 && Object.keys(rows).length === 0)
      throw syntax(nothingWanted(this.#unwanted.size > 0 || score !== undefined));
    // The same group once, whatever the order of its tags.
    const keys = this.#wanted.map((group) => JSON.stringify(group.toSorted()));
    const wanted = this.#wanted.filter((_, index) => keys.indexOf(keys[index] ?? '') === index);
    return { wanted, unwanted: [...this.#unwanted], ...this.#conditions };
  }

  #takeCondition(token: Token, condition: QueryConditions): void {
    if (Object.keys(condition).some((key) => key in this.#conditions))
      throw syntaxAt(token, `gives the ${token.condition?.name ?? ''} twice; give it once`);
    this.#conditions = { ...this.#conditions, ...condition };
    this.#group = undefined;
  }

  #takeTag(token: Token): void {
    this.#tags += 1;
    if (this.#tags > maxQueryTerms)
      throw syntaxAt(token, `is tag ${String(maxQueryTerms + 1)}, and ${String(maxQueryTerms)} is the most`);
    const tag = tagOf(token);
    if (token.negated) {
      this.#unwanted.add(tag);
      this.#group = undefined;
    } else if (this.#or === undefined || this.#group === undefined) {
      this.#group = [tag];
      this.#wanted.push(this.#group);
    } else {
      if (!this.#group.includes(tag)) this.#group.push(tag);
      this.#or = undefined;
    }
  }
}

function tagOf(token: Token): string {
  if (!token.quoted) {
    if (isWord(token, 'AND') || isWord(token, 'NOT') || isWord(token, 'OR'))
      throw syntaxAt(
        token,
        'is not an operator; all tags must match, and -tag excludes. Quote it if it is a tag',
      );
    if (token.text.startsWith('-'))
      throw syntaxAt(token, 'has no tag after its minus; write -tag, or quote it');
    const symbol = /[()|*]/.exec(token.text)?.[0];
    if (symbol !== undefined) throw syntaxAt(token, `has the character ${symbol}, ${insteadOf(symbol)}`);
  }
  const term = searchTerm(token.text);
  if (term === '') throw syntaxAt(token, 'is an empty quotation; put a tag between the quotation marks');
  return term;
}

function insteadOf(symbol: string): string {
  const ways: Readonly<Record<string, string>> = {
    '|': 'which means nothing here; write beach OR coast',
    '*': 'which means nothing here: tags are compared whole',
  };
  const brackets =
    'and there are no brackets: OR binds first, so write beach OR coast sunset for sunset with either';
  return `${ways[symbol] ?? brackets}. If it is part of a tag, quote the tag`;
}

function isWord({ text, quoted }: Token, word: string): boolean {
  return !quoted && text === word;
}

function loneOr(token: Token): Fault {
  return syntaxAt(token, 'needs a tag on both sides, as in beach OR coast. Quote it if it is a tag');
}

function nothingWanted(hasConditions: boolean): string {
  return hasConditions
    ? 'it only says which photos to leave out; name at least one tag they must have'
    : 'it is empty; name at least one tag, as in beach sunset -people score>0.8';
}

/** Words that read back as themselves stay bare; all others are quoted. */
function printTag(term: string): string {
  const bare = /^[^\s"<>=:()|*\\-][^\s"<>=:()|*]*$/u.test(term) && !/^(?:AND|OR|NOT)$/.test(term);
  return bare ? term : inQuotation(term);
}
