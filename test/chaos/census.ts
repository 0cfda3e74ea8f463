import { sha256 } from '../../src/base/ids.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import type { Workload } from '../support/workload.ts';

/** What became of the photos of a workload. */
export interface Census {
  /** Acknowledged photos that have a row. */
  readonly rows: number;
  /** Acknowledged photos that are dead letters with their bytes. */
  readonly dead: number;
  /** Ids of acknowledged photos that are neither. */
  readonly lost: readonly string[];
  /** Photos that were stored more than once: beside a row they are dead letters, or there is a row too many. */
  readonly doubled: number;
  /** Why photos are dead letters that can be tagged. */
  readonly buried: readonly string[];
  readonly problems: readonly string[];
}

const atOnce = 32;

/**
 * Looks every photo up: each acknowledged one has one row or is a dead letter with its bytes.
 * @param others - rows that the store has besides those of the workload
 */
export async function takeCensus(client: ClusterClient, workload: Workload, others: number): Promise<Census> {
  const lost: string[] = [];
  const problems: string[] = [];
  const buried: string[] = [];
  let rows = 0;
  let dead = 0;
  let doubled = 0;
  const look = async (id: string, digest: string | undefined) => {
    const { result, dead: letters } = await client.photo(id);
    if (result !== undefined) rows += 1;
    for (const { sequence } of letters) {
      const { photo } = await client.ask('deadShow', {}, { sequence });
      if (digest !== undefined && sha256(photo) !== digest)
        problems.push(`${id} is a dead letter of other bytes`);
    }
    doubled += Math.max(0, letters.length + (result === undefined ? 0 : 1) - 1);
    if (digest === undefined) return;
    if (letters.length > 0) dead += 1;
    if (!workload.poison.has(id))
      buried.push(
        ...letters.map(({ code, message, attempts }) => `${id}: ${code}, ${String(attempts)}, ${message}`),
      );
    if (letters.length > 1) problems.push(`${id} is ${String(letters.length)} dead letters`);
    if (letters.length > 0 && result !== undefined) problems.push(`${id} has a row and is a dead letter`);
    if (workload.poison.has(id) && result !== undefined)
      problems.push(`${id} has a row: it cannot be tagged`);
    if (letters.length === 0 && result === undefined) lost.push(id);
  };
  const ids = [...workload.acknowledged, ...[...workload.unconfirmed].map((id) => [id, undefined] as const)];
  for (let first = 0; first < ids.length; first += atOnce)
    await Promise.all(ids.slice(first, first + atOnce).map(([id, digest]) => look(id, digest)));
  const { photos } = (await client.status())['store'] as { photos: number };
  doubled += Math.max(0, photos - rows - others);
  if (photos !== rows + others)
    problems.push(`the store has ${String(photos)} rows instead of ${String(rows + others)}`);
  return { rows, dead, lost, doubled, buried, problems };
}
