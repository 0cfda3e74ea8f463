import { z } from 'zod';
import { attributeName, maxAttributeLength, maxAttributes } from '../base/attributes.ts';
import { nameProblem } from '../base/ids.ts';

/** See {@link Attributes}. */
export const attributes = z
  .record(
    z.string().regex(attributeName, 'has to be a lower-case letter and up to 63 letters, digits or hyphens'),
    z.union([z.string().max(maxAttributeLength), z.number(), z.boolean()]),
  )
  .refine((given) => Object.keys(given).length <= maxAttributes, {
    error: `has more than ${String(maxAttributes)} names`,
  });

/** One tag of a photo; `score` is calibrated, 0 to 1. */
const tag = z.object({ tag: z.string().min(1).max(256), score: z.number().min(0).max(1) });

/** What a user's bolt is given of a photo: one message of the stream, with all that the bolts before it have added. */
export const boltTuple = z.object({
  /** Of the photo. */
  id: z.string().min(1).max(256),
  /** The name of its file, if whoever sent it gave one. */
  file: z.string().optional(),
  /** The model that has tagged it. */
  model: z.string(),
  /** By falling score. */
  tags: z.array(tag),
  attributes,
});
/** See {@link boltTuple}. */
export type BoltTuple = z.infer<typeof boltTuple>;

/** What a user's bolt adds to a tuple. */
export const boltOutput = z.strictObject({
  /** Added to those that it has; of the same name, the later one counts. */
  attributes: attributes.optional(),
  /** In place of its tags, in any order. */
  tags: z
    .array(tag)
    .max(10_000)
    .refine((given) => given.every(({ tag: name }) => nameProblem(name) === undefined), {
      error: 'has a name that is longer than 256 bytes or has control characters',
    })
    .refine((given) => new Set(given.map(({ tag: name }) => name)).size === given.length, {
      error: 'has a tag twice',
    })
    .optional(),
});
/** See {@link boltOutput}. */
export type BoltOutput = z.infer<typeof boltOutput>;
