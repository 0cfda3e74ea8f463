import { Fault } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { RunRecord } from './payloads.ts';
import { gather, request, type RequestOf } from './requests.ts';

const startTimeoutMs = 20_000;

/**
 * The nodes that a run may be started on, by name: the given one, or all that answer.
 * @throws Fault `NOT_FOUND` if the given one does not answer; `NODE_UNAVAILABLE`, `NATS_DENIED`, `NATS_UNREACHABLE`
 */
export async function nodesForRun(connection: Connection, given: string | undefined): Promise<string[]> {
  const answers = await gather(connection, 'nodes', {}, {});
  const names = answers.map(({ node }) => node).sort();
  if (given === undefined) return names;
  if (names.includes(given)) return [given];
  throw new Fault('NOT_FOUND', { what: 'node', id: given });
}

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
