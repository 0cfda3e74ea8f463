/** What bolts have found out about a photo beside its tags, by name: `camera`, `taken-at`. Kept in its row. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Attributes that a photo may have, at most. */
export const maxAttributes = 64;

/** Length of an attribute that is text, at most, in UTF-16 units. */
export const maxAttributeLength = 1024;

/** A lower-case letter, then up to 63 further letters, digits or hyphens. */
export const attributeName = /^[a-z][a-z0-9-]{0,63}$/;
