import { z } from 'zod';

/** Text that a store is asked for: PostgreSQL takes no NUL, and nothing that has one is stored. */
export const askedText = z.string().refine((text) => !text.includes('\0'), 'has a NUL');

/** Id of a photo. */
export const photoId = askedText.min(1).max(256);
const name = askedText.min(1).max(256);

/** One tag of a photo; `by` where a user has accepted it, and not the machine. */
export const shownTag = z.object({ tag: z.string(), score: z.number(), by: z.literal('user').optional() });

/** What a user says of a tag of a photo. */
export const correction = z.object({
  tag: name,
  verdict: z.enum(['accept', 'reject']),
  /** Who, as the client says. */
  by: name,
  /** ms since the epoch */
  at: z.number(),
});

/** Request and reply of what users do with the tags of stored photos. */
export const correctionExchanges = {
  correct: {
    request: z.object({
      id: photoId,
      /** `none` takes a correction back. */
      tags: z
        .array(z.object({ tag: name, verdict: z.enum(['accept', 'reject', 'none']) }))
        .min(1)
        .max(1_000),
      by: name,
    }),
    /** The photo as it is shown now. */
    reply: z.object({ id: photoId, tags: z.array(shownTag), corrections: z.array(correction) }),
  },
  corrections: {
    request: z.object({
      /** Photos; few, since each may have a thousand. */
      limit: z.int().min(1).max(32).default(32),
      /** `next` of the page before */
      after: z.int().min(0).default(0),
    }),
    reply: z.object({
      photos: z.array(z.object({ id: photoId, corrections: z.array(correction) })),
      next: z.number().optional(),
    }),
  },
  related: {
    request: z.object({ id: photoId, limit: z.int().min(1).max(100).default(20) }),
    /** The most similar first. */
    reply: z.object({
      photos: z.array(
        z.object({
          id: photoId,
          file: z.string().optional(),
          /** Cosine of the features of both, −1 to 1. */
          similarity: z.number(),
          tags: z.array(shownTag),
        }),
      ),
    }),
  },
} as const;
