import type { Attributes } from '../base/attributes.ts';

/** Attributes as a row keeps them: JSON, in the order in which they came. */
export function attributesText(attributes: Attributes): string {
  return JSON.stringify(attributes);
}

/** The part of a result that has the attributes of a row; empty if it has none. */
export function attributesOf(text: string | null): { readonly attributes?: Attributes } {
  return text === null ? {} : { attributes: JSON.parse(text) as Attributes };
}
