/** What a word of a line stands for, so that it can be completed. */
export type Slot = 'actor' | 'node' | 'file' | 'model' | 'other';

/** How the arguments of a command are written, and what they come to. */
export interface Usage<Argument> {
  /** As help shows it; brackets may be left out. */
  readonly text: string;
  /** By word; the last one also stands for those that follow. */
  readonly slots: readonly Slot[];
  /** `undefined` if this is not how it is written. */
  readonly parse: (words: readonly string[], text: string) => Argument | undefined;
}

/** A node, or all. */
export interface OnNode {
  readonly node: string | undefined;
}

/** An actor, and where. */
export interface OnActor extends OnNode {
  readonly actor: string;
}

const nodePattern = /^[a-z0-9][a-z0-9-]{0,31}$/;
const actorPattern = /^(#[\w-]{1,64}|[A-Za-z0-9][\w:/-]{0,127})$/;
const modelPattern = /^[0-9a-f]{6,64}$/;

/** No arguments. */
export const alone: Usage<object> = {
  text: '',
  slots: [],
  parse: (words) => (words.length === 0 ? {} : undefined),
};

/** A node; none is all of them. */
export const onNode: Usage<OnNode> = {
  text: '[NODE]',
  slots: ['node'],
  parse: ([node, ...rest]) => (rest.length === 0 && isNode(node) ? { node } : undefined),
};

/** An actor by name or pid; without a node wherever it is. */
export const onActor: Usage<OnActor> = {
  text: 'ACTOR [NODE]',
  slots: ['actor', 'node'],
  parse: ([actor, node, ...rest]) =>
    actor !== undefined && actorPattern.test(actor) && rest.length === 0 && isNode(node)
      ? { actor, node }
      : undefined,
};

/** An actor, where, and for how many seconds. */
export const onActorFor: Usage<OnActor & { readonly forMs: number | undefined }> = {
  text: 'ACTOR [NODE] [--for SECONDS]',
  slots: ['actor', 'node', 'other', 'other'],
  parse: (words) => {
    const hasTime = words.at(-2) === '--for';
    const [target, seconds] = [onActor.parse(hasTime ? words.slice(0, -2) : words, ''), words.at(-1) ?? ''];
    if (target === undefined || (hasTime && !/^[1-9]\d{0,3}$/.test(seconds))) return undefined;
    return { ...target, forMs: hasTime ? 1000 * Number(seconds) : undefined };
  },
};

/** One word alone is an actor or a node, whichever there is. */
export const onAnything: Usage<{ readonly word: string | undefined } & OnNode> = {
  text: '[ACTOR] [NODE]',
  slots: ['actor', 'node'],
  parse: ([word, node, ...rest]) =>
    (word === undefined || actorPattern.test(word)) && rest.length === 0 && isNode(node)
      ? { word, node }
      : undefined,
};

/** The rest of the line, whatever it is. */
export const ofText = (text: string, slot: Slot = 'other'): Usage<{ readonly text: string }> => ({
  text,
  slots: [slot],
  parse: (_words, rest) => (rest === '' ? undefined : { text: rest }),
});

/** One number of a list. */
export const aNumber: Usage<{ readonly number: number }> = {
  text: 'NUMBER',
  slots: ['other'],
  parse: ([word = '', ...rest]) =>
    isNumber(word) && rest.length === 0 ? { number: Number(word) } : undefined,
};

/** Numbers of a list, or all of it. */
export const numbers: Usage<{ readonly numbers: readonly number[] | 'all' }> = {
  text: 'NUMBER…|all',
  slots: ['other'],
  parse: (words) => {
    if (words.length === 1 && words[0] === 'all') return { numbers: 'all' };
    return words.length > 0 && words.every(isNumber) ? { numbers: words.map(Number) } : undefined;
  },
};

/** Models by enough of their ids. */
export const models: Usage<{ readonly models: readonly string[] }> = {
  text: 'MODEL…',
  slots: ['model'],
  parse: (words) =>
    words.length > 0 && words.every((word) => modelPattern.test(word)) ? { models: words } : undefined,
};

function isNode(word: string | undefined): boolean {
  return word === undefined || nodePattern.test(word);
}

function isNumber(word: string): boolean {
  return /^[1-9]\d{0,14}$/.test(word);
}
