import { Fault } from '../base/errors.ts';
import type { JsonBucket } from './json-bucket.ts';

/** A record that the leader alone writes. */
export interface LedRecord {
  /** Of the leadership under which it was written last. */
  readonly term: number;
}

/**
 * Writes a record under the term that is stamped on it. A leader that stood still, even in the middle of this, is refused once
 * a later one has written; so a new leader writes what it takes over, changed or not.
 * @throws Fault `TERM_OVER`: a leader of a later term has written it, nothing is changed; `NATS_UNREACHABLE`, `DISK_RESERVE`
 */
export async function writeAsLeader<T extends LedRecord>(
  bucket: Pick<JsonBucket<T>, 'get' | 'put'>,
  key: string,
  record: T,
): Promise<void> {
  for (;;) {
    const before = await bucket.get(key);
    checkTerm(before?.value, record.term);
    if ((await bucket.put(key, record, before?.revision ?? 0)) !== undefined) return;
  }
}

/** @throws Fault `TERM_OVER` if the record is of a later term */
export function checkTerm(record: LedRecord | undefined, term: number): void {
  if (record !== undefined && record.term > term) throw new Fault('TERM_OVER', { term: record.term });
}
