import { Fault } from '../base/errors.ts';

/** The longest query that is read, in bytes of UTF-8. */
export const maxQueryBytes = 4096;

/** The most tags one query may name, wanted and unwanted together. */
const maxQueryTerms = 32;

/** `score>0.8` or `score>=0.8`. */
export interface ScoreCondition {
  readonly comparison: '>' | '>=';
  /** 0 to 1. */
  readonly value: number;
}

/** A search for photos by their tags; every string is a {@link searchTerm}, none occurs twice. */
export interface SearchQuery {
  /** Tags a photo must have, all of them; never empty. */
  readonly wanted: readonly string[];
  /** Tags a photo must not have, whatever their score. */
  readonly unwanted: readonly string[];
  /** What the score of every wanted tag must satisfy. */
  readonly score?: ScoreCondition | undefined;
}

/**
 * A tag's text as searches compare it: case, composed or decomposed accents, and runs of white space
 * make no difference (NFC; lower, upper, lower case, so that "ẞ", "ß" and "ss" are one, and "Σ", "σ" and "ς"; trimmed).
 */
export function searchTerm(tag: string): string {
  const folded = tag.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
  return folded.replace(/\s+/gu, ' ').trim();
}

interface Token {
  readonly text: string;
  /** Where it begins, counted in characters from 1. */
  readonly position: number;
  readonly quoted: boolean;
  readonly negated: boolean;
}

/**
 * Reads the query language: words are tags a photo must have, `-word` one it must not have, `"two words"` a tag with
 * spaces (`\"` and `\\` inside), `score>0.8` or `score>=0.8` a condition on all wanted tags.
 * @throws Fault `QUERY_SYNTAX` that says where and what to do
 */
export function parseSearchQuery(text: string): SearchQuery {
  if (text.length > maxQueryBytes || Buffer.byteLength(text) > maxQueryBytes)
    throw syntax(`it is longer than ${String(maxQueryBytes)} bytes; name fewer tags`);
  const wanted = new Set<string>();
  const unwanted = new Set<string>();
  let score: ScoreCondition | undefined;
  for (const token of tokens(text)) {
    const condition = token.quoted ? undefined : scoreCondition(token);
    if (condition !== undefined) {
      if (score !== undefined) throw syntaxAt(token, 'gives the score twice; give it once');
      score = condition;
      continue;
    }
    (token.negated ? unwanted : wanted).add(tagOf(token));
    if (wanted.size + unwanted.size > maxQueryTerms)
      throw syntaxAt(token, `is tag ${String(maxQueryTerms + 1)}, and ${String(maxQueryTerms)} is the most`);
  }
  if (wanted.size === 0) throw syntax(nothingWanted(unwanted.size > 0 || score !== undefined));
  return { wanted: [...wanted], unwanted: [...unwanted], score };
}

/** The query as text that {@link parseSearchQuery} reads back to the same query. */
export function printSearchQuery(query: SearchQuery): string {
  const words = [...query.wanted.map(printTag), ...query.unwanted.map((tag) => `-${printTag(tag)}`)];
  if (query.score !== undefined) words.push(`score${query.score.comparison}${String(query.score.value)}`);
  return words.join(' ');
}

function* tokens(text: string): Generator<Token> {
  // A tag in quotes, closed or not, or a word; each with its minus.
  const pattern = /(-?)(?:"((?:[^"\\]|\\.)*)("?)|([^\s"]+))/gsu;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, minus = '', inQuotes, closing, word] = match;
    const position = characters(text.slice(0, match.index)) + 1;
    const negated = minus === '-';
    const quoted = inQuotes !== undefined;
    const token = {
      text: quoted ? inQuotes.replace(/\\(.)/gsu, '$1') : (word ?? ''),
      position,
      quoted,
      negated,
    };
    if (match.index > 0 && match.index === end)
      throw syntaxAt(token, 'touches a quotation mark; put a space between');
    if (quoted && closing !== '"')
      throw syntaxAt(token, 'opens a quotation that never ends; add a " at its end');
    end = match.index + whole.length;
    yield token;
  }
}

function scoreCondition(token: Token): ScoreCondition | undefined {
  const [, name, comparison, value] = /^([^<>=:]*)([<>=:]+)(.*)$/su.exec(token.text) ?? [];
  if (name === undefined) return undefined;
  if (token.negated || name.toLowerCase() !== 'score')
    throw syntaxAt(
      token,
      `has an operator that is not known; write score>0.8, or quote a tag: "${token.text}"`,
    );
  if (comparison !== '>' && comparison !== '>=')
    throw syntaxAt(token, `compares with ${comparison ?? ''}; scores know > and >=, as in score>0.8`);
  // Number() alone would also read '' and '0x1'.
  if (value === undefined || !/^(?:\d+(?:\.\d*)?|\.\d+)(?:e-?\d+)?$/i.test(value) || Number(value) > 1)
    throw syntaxAt(token, 'needs a number from 0 to 1, without a space before it, as in score>0.8');
  return { comparison, value: Number(value) };
}

function tagOf(token: Token): string {
  if (!token.quoted) {
    if (/^(?:AND|OR|NOT)$/.test(token.text))
      throw syntaxAt(
        token,
        'is not an operator; all tags must match, and -tag excludes. Quote it if it is a tag',
      );
    if (token.text.startsWith('-'))
      throw syntaxAt(token, 'has no tag after its minus; write -tag, or quote it');
    const symbol = /[()|*]/.exec(token.text)?.[0];
    if (symbol !== undefined)
      throw syntaxAt(
        token,
        `has the character ${symbol}, which means nothing here; quote the tag: "${token.text}"`,
      );
  }
  const term = searchTerm(token.text);
  if (term === '') throw syntaxAt(token, 'is an empty quotation; put a tag between the quotation marks');
  return term;
}

function nothingWanted(hasConditions: boolean): string {
  return hasConditions
    ? 'it only says which photos to leave out; name at least one tag they must have'
    : 'it is empty; name at least one tag, as in beach sunset -people score>0.8';
}

/** Words that read back as themselves stay bare; all others are quoted. */
function printTag(term: string): string {
  const bare = /^[^\s"<>=:()|*\\-][^\s"<>=:()|*]*$/u.test(term) && !/^(?:AND|OR|NOT)$/.test(term);
  return bare ? term : `"${term.replace(/["\\]/g, '\\$&')}"`;
}

function characters(text: string): number {
  return Array.from(text).length;
}

function syntaxAt(token: Token, problem: string): Fault {
  const shown = Array.from(token.text).slice(0, 40).join('');
  return new Fault('QUERY_SYNTAX', {
    reason: `“${token.negated ? '-' : ''}${shown}” at character ${String(token.position)} ${problem}`,
    position: token.position,
  });
}

function syntax(reason: string): Fault {
  return new Fault('QUERY_SYNTAX', { reason, position: 1 });
}
