import { nameProblem } from '../base/ids.ts';
import { inQuotation, shortened, syntaxAt, type Condition, type Token } from './query-tokens.ts';

/** `score>0.8` or `score>=0.8`. */
export interface ScoreCondition {
  readonly comparison: '>' | '>=';
  /** 0 to 1. */
  readonly value: number;
}

/** What a query says of photos beside their tags; each is absent where it says nothing. */
export interface QueryConditions {
  /** What the score of every wanted tag must satisfy. */
  readonly score?: ScoreCondition | undefined;
  /** Whose photos, exactly as submitted. */
  readonly owner?: string | undefined;
  /** How the id of the model that tagged them begins, lower-case hex. */
  readonly model?: string | undefined;
  /** Tagged then or later; wall time, ms since the epoch. */
  readonly taggedFrom?: number | undefined;
  /** Tagged before; wall time, ms since the epoch. */
  readonly taggedBefore?: number | undefined;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Dates from the first of these to the second can be asked for. */
const dateLimits = { first: 0, last: Date.UTC(3000, 0, 1) } as const;

/**
 * The condition that a token is, `undefined` if it is a tag.
 * @throws Fault `QUERY_SYNTAX` that says how to write it
 */
export function conditionOf(token: Token): QueryConditions | undefined {
  const { condition, negated } = token;
  if (condition === undefined) return undefined;
  const read = Object.hasOwn(readers, condition.name) ? readers[condition.name] : undefined;
  if (read === undefined)
    throw syntaxAt(
      token,
      `has an operator that is not known; there are score>0.8, date>=2026-01-31, model:3f2a91 and owner:alice, or quote a tag: "${shortened(token.text)}"`,
    );
  if (negated) throw syntaxAt(token, 'has a minus before an operator; only tags can be excluded');
  return read(token, condition);
}

/** Conditions as words that {@link conditionOf} reads back to the same. */
export function printConditions(query: QueryConditions): string[] {
  const { score, owner, model, taggedFrom, taggedBefore } = query;
  return [
    ...(score === undefined ? [] : [`score${score.comparison}${String(score.value)}`]),
    ...(taggedFrom === undefined ? [] : [`date>=${dateText(taggedFrom)}`]),
    ...(taggedBefore === undefined ? [] : [`date<${dateText(taggedBefore)}`]),
    ...(model === undefined ? [] : [`model:${model}`]),
    ...(owner === undefined ? [] : [`owner:${inQuotation(owner)}`]),
  ];
}

type Reader = (token: Token, condition: Condition) => QueryConditions;

const readers: Readonly<Record<string, Reader>> = {
  score: (token, { operator, value }) => {
    if (operator !== '>' && operator !== '>=')
      throw syntaxAt(token, `compares with ${operator}; scores know > and >=, as in score>0.8`);
    // Number() alone would also read '' and '0x1'.
    if (!/^(?:\d+(?:\.\d*)?|\.\d+)(?:e-?\d+)?$/i.test(value) || Number(value) > 1)
      throw syntaxAt(token, 'needs a number from 0 to 1, without a space before it, as in score>0.8');
    return { score: { comparison: operator, value: Number(value) } };
  },
  date: (token, { operator, value }) => {
    if (!/^[<>]=?$/.test(operator))
      throw syntaxAt(token, `compares with ${operator}; dates know >, >=, < and <=, as in date>=2026-01-31`);
    const range = rangeOf(value);
    if (range === undefined)
      throw syntaxAt(
        token,
        'needs a day, or a time with its zone, without a space before it, as in date>=2026-01-31 or date<2026-01-31T12:00Z',
      );
    const ms = Math.min(operator === '>' || operator === '<=' ? range.end : range.start, dateLimits.last);
    return operator.startsWith('>') ? { taggedFrom: ms } : { taggedBefore: ms };
  },
  model: (token, { operator, value }) => {
    if (operator !== ':' || !/^[0-9a-f]{1,64}$/i.test(value))
      throw syntaxAt(token, 'needs the hex digits with which the id of a model begins, as in model:3f2a91');
    return { model: value.toLowerCase() };
  },
  owner: (token, { operator, value }) => {
    const problem = operator === ':' ? nameProblem(value) : 'is compared';
    if (problem !== undefined)
      throw syntaxAt(token, `has an owner that ${problem}; write owner:alice or owner:"two words"`);
    return { owner: value };
  },
};

/** A day in UTC, or the millisecond that a time names: from its first moment to the one after its last. */
function rangeOf(text: string): { readonly start: number; readonly end: number } | undefined {
  const [, day, time] =
    /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/i.exec(text) ?? [];
  if (day === undefined) return undefined;
  const start = Date.parse(text.toUpperCase());
  const isDay = Number.isFinite(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
  if (!isDay || !(start >= dateLimits.first && start <= dateLimits.last)) return undefined;
  return { start, end: start + (time === undefined ? dayMs : 1) };
}

function dateText(ms: number): string {
  const text = new Date(ms).toISOString();
  return ms % dayMs === 0 ? text.slice(0, 10) : text;
}
