/** What bolts have found out about a photo beside its tags, by name: `camera`, `taken-at`. Kept in its row. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Attributes that a photo may have, at most. */
export const maxAttributes = 64;

/** Length of an attribute that is text, at most, in UTF-16 units. */
export const maxAttributeLength = 1024;

/** Why attributes cannot be kept, or `undefined` if they can. */
export function attributesProblem(attributes: Attributes): string | undefined {
  const entries = Object.entries(attributes);
  if (entries.length > maxAttributes) return `more than ${String(maxAttributes)} attributes`;
  for (const [name, value] of entries) {
    if (!attributeName.test(name))
      return 'an attribute whose name is not lower-case letters, digits and hyphens';
    if (typeof value === 'number' && !Number.isFinite(value))
      return `an attribute ${name} that is no finite number`;
    if (typeof value === 'string' && value.length > maxAttributeLength)
      return `an attribute ${name} of more than ${String(maxAttributeLength)} characters`;
  }
  return undefined;
}

/** A lower-case letter, then up to 63 further letters, digits or hyphens. */
export const attributeName = /^[a-z][a-z0-9-]{0,63}$/;
