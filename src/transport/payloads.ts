import { z } from 'zod';

/** A fault as it travels ({@link WireFault}); codes of newer versions are let through. */
export const wireFault = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

const photoId = z.string().min(1).max(256);
const sequence = z.int().min(1);
const count = z.int().min(0);

/** One tag of a photo; `score` is calibrated, 0 to 1. */
const tag = z.object({ tag: z.string(), score: z.number() });

/** What became of one photo: its tags by falling score, or why it has none. The one shape of results and `submit --wait`. */
export const photoResult = z.union([
  z.object({ id: photoId, file: z.string().optional(), model: z.string(), tags: z.array(tag) }),
  z.object({
    id: photoId,
    file: z.string().optional(),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);
/** See {@link photoResult}. */
export type PhotoResult = z.infer<typeof photoResult>;

/** A dead letter without its bytes. */
export const deadLetter = z.object({
  sequence,
  id: photoId,
  file: z.string().optional(),
  client: z.string().optional(),
  rerun: count,
  bytes: count,
  code: z.string(),
  message: z.string(),
  attempts: count,
  /** ms since the epoch */
  submittedAt: z.number(),
  /** ms since the epoch */
  buriedAt: z.number(),
});
/** See {@link deadLetter}. */
export type DeadLetter = z.infer<typeof deadLetter>;

/** Which dead letters: some, those of one photo, or all. */
export const deadSelection = z.union([
  z.object({ sequences: z.array(sequence).min(1).max(10_000) }),
  z.object({ id: photoId }),
  z.object({ all: z.literal(true) }),
]);
/** See {@link deadSelection}. */
export type DeadSelection = z.infer<typeof deadSelection>;

const bytes = z.instanceof(Uint8Array);

/** Request and reply of each request subject. */
export const exchanges = {
  search: {
    request: z.object({
      query: z.string().max(4096),
      limit: z.int().min(1).max(1000).default(20),
      /** `next` of the page before */
      after: z.string().max(1024).optional(),
    }),
    reply: z.object({
      photos: z.array(
        z.object({
          id: photoId,
          file: z.string().optional(),
          /** how sure the store is that all wanted tags apply, 0 to 1 */
          score: z.number(),
          model: z.string(),
          /** ms since the epoch */
          taggedAt: z.number(),
          tags: z.array(tag),
        }),
      ),
      next: z.string().optional(),
    }),
  },
  photo: {
    request: z.object({ id: photoId }),
    reply: z.object({ result: photoResult.optional(), dead: z.array(deadLetter) }),
  },
  status: {
    request: z.object({}),
    reply: z.looseObject({
      node: z.string(),
      version: z.string(),
      model: z.string().optional(),
      queue: z.object({ photos: count, bytes: count, maxBytes: z.number(), inFlight: count }),
      deadLetters: count,
    }),
  },
  deadList: {
    request: z.object({
      limit: z.int().min(1).max(1000).default(100),
      after: count.default(0),
      id: photoId.optional(),
    }),
    reply: z.object({ letters: z.array(deadLetter), next: sequence.optional() }),
  },
  deadShow: {
    request: z.object({ sequence }),
    reply: z.object({ letter: deadLetter, photo: bytes }),
  },
  deadRetry: { request: deadSelection, reply: z.object({ retried: count }) },
  deadRemove: { request: deadSelection, reply: z.object({ removed: count }) },
  forget: {
    request: z.object({ id: photoId }),
    reply: z.looseObject({ stored: count, deadLetters: count }),
  },
  /** Nodes, actor trees and states are shown as they are: their shape belongs to the runtime. */
  inspect: {
    request: z.object({ actor: z.string().max(256).optional() }),
    reply: z.object({ node: z.string(), value: z.unknown() }),
  },
  control: {
    request: z.object({ actor: z.string().max(256).optional(), arguments: z.unknown().optional() }),
    reply: z.object({ node: z.string(), value: z.unknown() }),
  },
} as const satisfies Record<string, Exchange>;

/** What one request subject takes and gives. */
export interface Exchange {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
}
