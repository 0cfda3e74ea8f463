import { Fault } from '../base/errors.ts';

/** A word of a query, or what stands between quotation marks. */
export interface Token {
  /** Without quotation marks. */
  readonly text: string;
  /** Where it begins, counted in characters from 1. */
  readonly position: number;
  readonly quoted: boolean;
  /** Whether a minus stands before it. */
  readonly negated: boolean;
  /** Its parts, where it has an operator outside quotation marks: `score>0.8`, `owner:"two words"`. */
  readonly condition: Condition | undefined;
}

/** A name, an operator and a value. */
export interface Condition {
  /** Lower case. */
  readonly name: string;
  /** One or more of `<>=:`. */
  readonly operator: string;
  readonly value: string;
}

/**
 * The tokens of a query, one after the other.
 * @throws Fault `QUERY_SYNTAX` for quotation marks that do not fit
 */
export function* tokensOf(text: string): Generator<Token> {
  // Something in quotes, closed or not, perhaps behind a name and an operator; or a word. Each with its minus.
  const pattern = /(-?)(?:(\p{L}+[<>=:]+)?"((?:[^"\\]|\\.)*)("?)|([^\s"]+))/gsu;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, minus = '', prefix = '', inQuotes, closing, word = ''] = match;
    const value = inQuotes?.replace(/\\(.)/gsu, '$1');
    const token: Token = {
      text: value === undefined ? word : `${prefix}${value}`,
      position: lengthOf(text.slice(0, match.index)) + 1,
      quoted: value !== undefined,
      negated: minus === '-',
      condition: value === undefined || prefix !== '' ? conditionIn(prefix, value ?? word) : undefined,
    };
    if (match.index > 0 && match.index === end)
      throw syntaxAt(token, 'touches a quotation mark; put a space between');
    if (value !== undefined && closing !== '"')
      throw syntaxAt(token, 'opens a quotation that never ends; add a " at its end');
    end = match.index + whole.length;
    yield token;
  }
}

/** A text in quotation marks, which {@link tokensOf} reads back to the same. */
export function inQuotation(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The fault of a query at one of its tokens. */
export function syntaxAt(token: Token, problem: string): Fault {
  return new Fault('QUERY_SYNTAX', {
    reason: `“${token.negated ? '-' : ''}${shortened(token.text)}” at character ${String(token.position)} ${problem}`,
    position: token.position,
  });
}

/** The fault of a query as a whole. */
export function syntax(reason: string): Fault {
  return new Fault('QUERY_SYNTAX', { reason, position: 1 });
}

/** As much of a token as an error shows. */
export function shortened(text: string): string {
  return Array.from(text).slice(0, 40).join('');
}

function conditionIn(prefix: string, rest: string): Condition | undefined {
  const [, name, operator, value] = /^([^<>=:]*)([<>=:]+)(.*)$/su.exec(prefix === '' ? rest : prefix) ?? [];
  if (name === undefined || operator === undefined) return undefined;
  return { name: name.toLowerCase(), operator, value: prefix === '' ? (value ?? '') : rest };
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
