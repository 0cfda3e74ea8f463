/** Words of a query as they are written: a tag, `-tag`, `"two words"`, `score>=0.5`. */
export function wordsOf(query: string): readonly string[] {
  return query.match(/-?"(?:[^"\\]|\\.)*"?|[^\s"]+/g) ?? [];
}

const operators = new Set(['AND', 'OR', 'NOT']);

/** A tag as a query names it, in quotes where it needs some. */
export function termOf(tag: string): string {
  const isPlain = /^\p{L}[\p{L}\p{N}]*$/u.test(tag) && !operators.has(tag);
  return isPlain ? tag : `"${tag.replace(/["\\]/g, '\\$&')}"`;
}

/** The query with a word at its end, or without it if it has it. */
export function toggleWord(query: string, word: string): string {
  const words = wordsOf(query);
  const rest = words.filter((other) => other !== word);
  return (rest.length < words.length ? rest : [...words, word]).join(' ');
}

const scoreForm = /^score>=?(\d*\.?\d+)$/;

/** What the query wants of scores, 0 to 1; 0 if nothing. */
export function lowestScore(query: string): number {
  for (const word of wordsOf(query)) {
    const [, value] = scoreForm.exec(word) ?? [];
    if (value !== undefined) return Number(value);
  }
  return 0;
}

/** The query with another lowest score; 0 wants nothing. */
export function withLowestScore(query: string, score: number): string {
  const words = wordsOf(query).filter((word) => !scoreForm.test(word));
  return [...words, ...(score > 0 ? [`score>=${String(score)}`] : [])].join(' ');
}

/** The tag that is being written at the end of a query, and what stands before it. */
export function lastTag(query: string): { readonly before: string; readonly prefix: string } {
  const word = wordsOf(query).at(-1) ?? '';
  const isOver = !query.endsWith(word) || /^-?"(?:[^"\\]|\\.)*"$/.test(word);
  const last = isOver ? '' : word;
  const minus = last.startsWith('-') ? '-' : '';
  const prefix = last.slice(minus.length).replace(/^"/, '');
  return { before: query.slice(0, query.length - last.length) + minus, prefix };
}
