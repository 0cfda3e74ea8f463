import { z } from 'zod';

const departure = z.object({ how: z.string(), at: z.number(), why: z.string().optional() });

/** More is let through: whoever shows a node shows what there is. */
const member = z.looseObject({
  name: z.string(),
  state: z.string(),
  version: z.string(),
  takes: z.string(),
  startedAt: z.number(),
  holdsStore: z.boolean(),
  sharesStore: z.boolean().optional(),
  departure: departure.optional(),
});
/** A node as others see it. */
export type MemberRow = z.infer<typeof member>;

/** What a node knows of its cluster, as far as it is shown. */
export const membersReply = z.object({
  leader: z.object({ node: z.string(), term: z.number() }).optional(),
  members: z.array(member),
});
/** See {@link membersReply}. */
export type MembersReply = z.infer<typeof membersReply>;
