/** Words of a query as they are written: a tag, `-tag`, `"two words"`, `OR`, `score>=0.5`, `owner:"two words"`. */
function wordsOf(query: string): readonly string[] {
  return query.match(/(?:-|\w+:)?"(?:[^"\\]|\\.)*"?|[^\s"]+/g) ?? [];
}

const operators = new Set(['AND', 'OR', 'NOT']);

/** A tag as a query names it, in quotes where it needs some. */
export function termOf(tag: string): string {
  const isPlain = /^\p{L}[\p{L}\p{N}]*$/u.test(tag) && !operators.has(tag);
  return isPlain ? tag : quoted(tag);
}

/** What finds the photos of an owner. */
export function ownerTerm(owner: string): string {
  return `owner:${quoted(owner)}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Whether a query wants a tag. */
export function wants(query: string, tag: string): boolean {
  return wordsOf(query).some((word) => !word.startsWith('-') && isOf(word, tag));
}

/** The query with a tag wanted, left out or neither, whatever it said of it. */
export function withTag(query: string, tag: string, as: 'wanted' | 'left out' | 'any'): string {
  const words = [...wordsOf(query)];
  for (;;) {
    const place = words.findIndex((word) => isOf(word, tag));
    if (place === -1) break;
    // With the OR that joins it to another one.
    const joint = [place - 1, place + 1].find((beside) => words[beside] === 'OR');
    words.splice(Math.min(place, joint ?? place), joint === undefined ? 1 : 2);
  }
  const added = { wanted: [termOf(tag)], 'left out': [`-${termOf(tag)}`], any: [] };
  return [...words, ...added[as]].join(' ');
}

/** Whether a word names a tag, as searches compare them: case makes no difference. */
function isOf(word: string, tag: string): boolean {
  const term = word.replace(/^-/, '');
  const text = term.startsWith('"') ? term.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : term;
  return comparable(text) === comparable(tag) && !operators.has(term);
}

function comparable(text: string): string {
  const folded = text.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
  return folded.replace(/\s+/gu, ' ').trim();
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
