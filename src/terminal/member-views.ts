import type { MemberRow, MembersReply } from '../transport/members.ts';
import { table } from './table.ts';
import { timeText } from './views.ts';

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

function roleOf({ name, state, holdsStore, sharesStore }: MemberRow, leader: string | undefined): string {
  const roles = [
    ...(state === 'alive' && name === leader ? ['leader'] : []),
    ...(holdsStore ? [sharesStore === true ? 'runs' : 'tag store'] : []),
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
