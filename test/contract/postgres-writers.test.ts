import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { parseSearchQuery } from '../../src/store/search-query.ts';
import type { Submission, TagResult, WriteOutcome } from '../../src/store/tag-store.ts';
import { expectConsistent } from '../support/postgres-counts.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { rounded } from './tag-store-model.ts';
import { histories, result, type Step } from './tag-store-samples.ts';

const nodes = 4;

/** The steps of one node that change something. */
const changes = histories.map((steps) => steps.filter((step) => step.kind !== 'search'));

/** What a photo has been through that may decide what it is in the end. */
interface Claim {
  readonly submission: Submission;
  /** Infinite where it was forgotten. */
  readonly activation: number;
  readonly result: TagResult | undefined;
}

describe('several nodes on one PostgreSQL', () => {
  let server: TestPostgres;
  let stores: PostgresTagStore[];
  let url: string;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    url = await server.createDatabase();
    // All at once: one of them makes the tables, whichever comes first.
    stores = await Promise.all(Array.from({ length: nodes }, () => PostgresTagStore.open({ url })));
    return async () => {
      await Promise.all(stores.map((store) => store.close()));
    };
  });

  it('end with the winner of each photo, however their batches meet', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.tuple(...stores.map(() => changes)), async (histories) => {
        run += 1;
        const own = histories.map((steps) => steps.map((step) => ofRun(step, run)));
        const outcomes = await Promise.all(own.map((steps, index) => perform(stores[index]!, steps)));
        const claims = claimsOf(own.flat());
        for (const [id, of] of claims) {
          const found = await stores[0]!.get(id);
          const best = of.reduce((a, b) => (order(a, b) >= 0 ? a : b));
          if (best.result === undefined) expect(found).toBeUndefined();
          // Of equals any may have come last.
          else
            expect(of.filter((each) => order(each, best) === 0).map((each) => each.result)).toContainEqual(
              found,
            );
        }
        for (const each of outcomes.flat()) expect(['stored', 'superseded']).toContain(each);
        await expectConsistent(server, url);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['the same photos in opposite orders', true],
    ['photos of their own with the same tags', false],
  ])('write %s without a deadlock', async (_, shared) => {
    // Of few terms, in another order in each batch.
    const batch = (activation: number, node: number) =>
      Array.from({ length: 64 }, (_each, n) => {
        const terms = [1, 2, 3].map((step) => `t${String((n * step + activation * 7) % 16)}`);
        const tags = { cat: 0.5, ...Object.fromEntries(terms.map((term) => [term, 0.4])) };
        return result(`p${shared ? '' : String(node)} ${String(n)}`, tags, { activation });
      });
    const rounds = Array.from({ length: 10 }, (_, round) => round);
    await Promise.all(
      stores.map(async (store, node) => {
        for (const round of rounds) {
          const own = batch(round * nodes + node, node);
          await store.write(node % 2 === 0 ? own : own.toReversed());
        }
      }),
    );
    const last = nodes * rounds.length - 1;
    for (const { photoId } of batch(0, nodes - 1))
      expect(await stores[0]!.get(photoId)).toMatchObject({ activation: last });
    const { hits } = await stores[1]!.search(parseSearchQuery('cat'), { limit: 1000 });
    expect(hits).toHaveLength(shared ? 64 : 64 * nodes);
    await expectConsistent(server, url);
    // The server counts them when connections end; a batch would have been tried again.
    await Promise.all(stores.map((store) => store.close()));
    const deadlocks = 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()';
    expect(await server.execute(url, deadlocks)).toEqual([{ deadlocks: '0' }]);
  });
});

/** Runs share a database: each has photos of its own. */
function ofRun(step: Step, run: number): Step {
  const named = (id: string) => `${String(run)} ${id}`;
  if (step.kind === 'search') return step;
  if (step.kind === 'forget') return { ...step, photoId: named(step.photoId) };
  return { ...step, batch: step.batch.map((each) => ({ ...each, photoId: named(each.photoId) })) };
}

async function perform(store: PostgresTagStore, steps: readonly Step[]): Promise<WriteOutcome[]> {
  const outcomes: WriteOutcome[] = [];
  for (const step of steps) {
    if (step.kind === 'write') outcomes.push(...(await store.write(step.batch)));
    // What is stored at that moment depends on the others.
    else if (step.kind === 'forget' && step.upTo !== undefined) await store.forget(step.photoId, step.upTo);
  }
  return outcomes;
}

function claimsOf(steps: readonly Step[]): Map<string, Claim[]> {
  const claims = new Map<string, Claim[]>();
  const add = (id: string, claim: Claim) => claims.set(id, [...(claims.get(id) ?? []), claim]);
  for (const step of steps) {
    if (step.kind === 'write')
      for (const each of step.batch)
        add(each.photoId, {
          submission: each.submission,
          activation: each.activation,
          result: rounded(each),
        });
    if (step.kind === 'forget' && step.upTo !== undefined)
      add(step.photoId, { submission: step.upTo, activation: Infinity, result: undefined });
  }
  return claims;
}

function order(a: Claim, b: Claim): number {
  const submitted = a.submission.epoch - b.submission.epoch || a.submission.sequence - b.submission.sequence;
  if (submitted !== 0) return submitted;
  return a.activation === b.activation ? 0 : a.activation - b.activation;
}
