import { z } from 'zod';
import { nameProblem } from '../base/ids.ts';

/** What whoever has a token of the HTTP API may do; each role may what those before it may. */
export const apiRoles = ['viewer', 'submitter', 'operator'] as const;
/** See {@link apiRoles}. */
export type ApiRole = (typeof apiRoles)[number];

/** Whether a role may what another one is needed for. */
export function mayAs(role: ApiRole, needed: ApiRole): boolean {
  return apiRoles.indexOf(role) >= apiRoles.indexOf(needed);
}

/** A token that somebody wants: whose it is, and what it is for. */
export const apiTokenWish = z.object({
  name: z.string().refine((name) => nameProblem(name) === undefined, 'is no name'),
  role: z.enum(apiRoles),
});
/** See {@link apiTokenWish}. */
export type ApiTokenWish = z.infer<typeof apiTokenWish>;

/** A token as it may be shown. */
export const shownApiToken = apiTokenWish.extend({
  /** ms since the epoch */
  createdAt: z.number(),
});
/** See {@link shownApiToken}. */
export type ShownApiToken = z.infer<typeof shownApiToken>;
