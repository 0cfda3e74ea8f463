// What a terminal would obey or hide: control characters (C0, DEL, C1), marks that reverse the writing direction,
// line and paragraph separators, lone surrogates, zero-width characters other than the joiners of scripts and emoji.
const unprintable = /[\p{Cc}\p{Cs}\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text of others (ids, tags, file names, states) as it may be shown: nothing in it can move the cursor or fake a line. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => short[character] ?? escaped(character));
}

/** One line of JSON, in which the same characters are escaped as JSON allows, so that it may go to a terminal as well. */
export function jsonLine(value: unknown): string {
  // JSON.stringify leaves nothing unprintable outside of strings, where \uXXXX means the same.
  return JSON.stringify(value).replace(unprintable, (character) => escaped(character));
}

/** The same over several lines, indented. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return text.replace(unprintable, (character) => (character === '\n' ? character : escaped(character)));
}

// All of them are one UTF-16 unit.
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
