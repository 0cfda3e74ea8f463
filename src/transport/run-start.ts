import { Fault } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { RunRecord } from './payloads.ts';
import { request, type RequestOf } from './requests.ts';

const startTimeoutMs = 20_000;

/**
 * Starts a run on the first of some nodes that takes runs: not all do.
 * @param caller - see {@link request}
 * @throws Fault `NODE_UNAVAILABLE` (none takes it), `RUN_ACTIVE`, `REQUEST_INVALID`, `NATS_DENIED`, `NATS_UNREACHABLE`
 */
export async function startRunOn(
  connection: Connection,
  nodes: readonly string[],
  spec: RequestOf<'runStart'>,
  caller?: string,
): Promise<RunRecord> {
  let unavailable: unknown;
  for (const node of nodes) {
    try {
      return await request(connection, 'runStart', { node }, spec, startTimeoutMs, caller);
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'NODE_UNAVAILABLE')) throw error;
      unavailable = error;
    }
  }
  throw unavailable;
}
