import { z } from 'zod';
import { table } from './table.ts';
import { timeText } from './views.ts';

const departure = z.object({ how: z.string(), at: z.number(), why: z.string().optional() });

const member = z.object({
  name: z.string(),
  state: z.string(),
  version: z.string(),
  takes: z.string(),
  startedAt: z.number(),
  holdsStore: z.boolean(),
  departure: departure.optional(),
});
type MemberRow = z.infer<typeof member>;

/** What a node knows of its cluster, as far as it is shown. */
export const membersReply = z.object({
  leader: z.object({ node: z.string(), term: z.number() }).optional(),
  members: z.array(member),
});
/** See {@link membersReply}. */
export type MembersReply = z.infer<typeof membersReply>;

/** The nodes of a cluster, those that are gone included. */
export function membersTable({ leader, members }: MembersReply): string {
  return table(
    [
      { head: 'NODE', cell: ({ name }) => name },
      { head: 'STATE', cell: ({ state }) => state },
      { head: 'ROLE', cell: (row) => roleOf(row, leader?.node) },
      { head: 'TAKES', cell: ({ takes }) => takes },
      { head: 'VERSION', cell: ({ version }) => version },
      {
        head: 'SINCE',
        cell: ({ state, startedAt, departure: gone }) => timeText(sinceOf(state, startedAt, gone)),
      },
      { head: 'WHY', cell: ({ state, departure: gone }) => whyOf(state, gone) },
    ],
    members,
  );
}

function roleOf({ name, state, holdsStore }: MemberRow, leader: string | undefined): string {
  const roles = [
    ...(state === 'alive' && name === leader ? ['leader'] : []),
    ...(holdsStore ? ['tag store'] : []),
  ];
  return roles.join(', ') || '–';
}

type Gone = MemberRow['departure'];

function sinceOf(state: string, startedAt: number, gone: Gone): number {
  return state === 'alive' ? startedAt : (gone?.at ?? startedAt);
}

/** Of a node that is alive, how it left the last time. */
function whyOf(state: string, gone: Gone): string | undefined {
  if (gone === undefined) return undefined;
  const why = gone.why ?? (gone.how === 'lost' ? 'it was not heard of' : 'it was told to stop');
  return state === 'alive' ? `${gone.how} before, ${timeText(gone.at)}: ${why}` : why;
}
