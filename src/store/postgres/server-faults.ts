import { Fault, reasonOf } from '../../base/errors.ts';

// What the operator can do about it, by SQLSTATE; the first entry that begins the code wins.
const reasons: readonly (readonly [code: string, reason: string])[] = [
  ['28', 'it refuses the user or the password'],
  ['3D000', 'the server has no such database; create it'],
  ['42501', 'the user may not do this; make it the owner of the database'],
  ['3F000', 'its tables are gone, and will be made anew'],
  ['42P01', 'its tables are gone, and will be made anew'],
  ['25006', 'the server only reads: it is a standby, or recovers'],
  ['53100', 'the disk of the server is full'],
  ['53200', 'the server has not enough memory'],
  ['53300', 'the server has no connection left; raise its max_connections'],
  ['57014', 'the server took too long'],
  ['55P03', 'another transaction holds what it needs for too long'],
  ['25P03', 'the server ended a transaction that stood still'],
  ['40', 'others write the same photos'],
  ['57P', 'the server stops or starts'],
  ['08', 'the connection was lost'],
  ['58', 'the system of the server reports an error'],
  ['XX001', 'the database is damaged; restore it from a copy'],
  ['XX002', 'an index of the database is damaged; run REINDEX'],
];

/** The SQLSTATE of an error that the server has sent, else the empty string. */
export function sqlStateOf(thrown: unknown): string {
  const code = codeOf(thrown);
  return /^[0-9A-Z]{5}$/.test(code) && thrown instanceof Error && 'severity' in thrown ? code : '';
}

/** Any error of a PostgreSQL server or of the way to it as a fault: the store is away, or (a mistake of ours) `INTERNAL`. */
export function serverFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (thrown instanceof TypeError || thrown instanceof RangeError) return Fault.from(thrown);
  const state = sqlStateOf(thrown);
  // What the server did not say is about the way to it: refused, unknown, reset, a certificate, a timeout.
  const reason = state === '' ? wayReason(thrown) : reasons.find(([prefix]) => state.startsWith(prefix))?.[1];
  if (reason === undefined) return Fault.from(thrown);
  // Without its cause: the client's errors may hold the connection, with its password, and rows.
  return new Fault('STORE_UNAVAILABLE', {
    reason: `PostgreSQL: ${reason}${state === '' ? '' : `, ${state}`}`,
  });
}

function wayReason(thrown: unknown): string {
  // A host with several addresses: an error of each.
  const error: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  return reasonOf(error) || codeOf(error) || 'it cannot be reached';
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}
