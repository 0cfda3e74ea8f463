/** Markup that is safe to put into a page. */
export class Html {
  readonly text: string;

  /** @param text - markup; whoever calls this answers for it */
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template may hold: everything but markup is escaped. */
export type HtmlPart = string | number | Html | readonly HtmlPart[] | undefined;

/** A template of markup, in which names stay names whatever is in them. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(strings.reduce((text, string, index) => text + markup(parts[index - 1]) + string));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function markup(part: HtmlPart): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (character) => entities[character] ?? '');
  if (typeof part === 'number') return String(part);
  return part.map(markup).join('');
}
