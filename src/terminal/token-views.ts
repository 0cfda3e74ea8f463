import type { ShownApiToken } from '../transport/api-token.ts';
import { table } from './table.ts';
import { timeText } from './views.ts';

/** Tokens of the HTTP API, one a line. */
export function tokenTable(tokens: readonly ShownApiToken[]): string {
  if (tokens.length === 0) return 'There are no tokens: on loopback, the HTTP API needs none.';
  return table(
    [
      { head: 'NAME', cell: ({ name }) => name },
      { head: 'ROLE', cell: ({ role }) => role },
      { head: 'MADE', cell: ({ createdAt }) => timeText(createdAt) },
    ],
    tokens,
  );
}
