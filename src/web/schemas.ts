import { z } from 'zod';

/** Why a photo, or a whole request, got nothing. */
export const errorBody = z.object({
  code: z.string(),
  message: z.string(),
  /** Whether the same may succeed later. */
  retry: z.boolean(),
});

/** What is answered where something went wrong. */
export const errorAnswer = z.object({ error: errorBody });

/** The answers of a route: `answer`, or an error. */
export function answers<Answer extends z.ZodType>(answer: Answer, status = 200) {
  return { [status]: answer, default: errorAnswer };
}

/** `?flag` and `?flag=true` */
export const flag = z
  .enum(['', 'true', 'false'])
  .default('false')
  .transform((text) => text !== 'false');

/** A number in a query. */
export const numberIn = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
