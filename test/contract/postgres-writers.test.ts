import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { parseSearchQuery } from '../../src/store/search-query.ts';
import type { Submission, TagResult, WriteOutcome } from '../../src/store/tag-store.ts';
import { expectConsistent } from '../support/postgres-counts.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { rounded } from './tag-store-model.ts';
import { histories, rescoredBatch, result, type Step } from './tag-store-samples.ts';

const nodes = 4;

type Change = Extract<Step, { kind: 'write' | 'forget' }>;

/** The steps of one node that decide what becomes of a photo. */
const changes = histories.map((steps) =>
  steps.filter((step) => step.kind === 'write' || step.kind === 'forget'),
);

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
    await expectNoDeadlock();
  });

  it('score photos again while others write and forget them', async () => {
    const photos = (sequence: number, activation: number) =>
      Array.from({ length: 48 }, (_, n) =>
        result(
          `p${String(n)}`,
          { [`of ${String(sequence)} by ${String(activation)}`]: 0.5 },
          { activation, submission: { epoch: 1, sequence }, attributes: { sequence } },
        ),
      );
    const [rewriting, forgetting, ...scoring] = stores as [PostgresTagStore, PostgresTagStore];
    await rewriting.write(photos(1, 1));
    const score = async (store: PostgresTagStore, order: 1 | -1) => {
      for (const activation of [1, 2, 3, 4, 5, 6, 7, 8])
        for (const sequence of [1, 2]) {
          const batch = photos(sequence, activation);
          await store.rescore(rescoredBatch(order === 1 ? batch : batch.toReversed()));
        }
    };
    await Promise.all([
      ...scoring.map((store, index) => score(store, index === 0 ? 1 : -1)),
      rewriting.write(photos(2, 1).slice(0, 32)),
      ...photos(1, 1)
        .slice(24)
        .map(({ photoId, submission }) => forgetting.forget(photoId, submission)),
    ]);
    await rewriting.rescore(rescoredBatch(photos(2, 8)));
    for (const [n, expected] of photos(2, 8).entries())
      expect(await rewriting.get(expected.photoId)).toEqual(n < 32 ? expected : undefined);
    const { hits } = await rewriting.search(parseSearchQuery('"of 2 by 8"'), { limit: 100 });
    expect(hits).toHaveLength(32);
    await expectConsistent(server, url);
    await expectNoDeadlock();
  });

  it('keep every correction while others write, score and forget the same photos', async () => {
    const photos = (sequence: number) =>
      Array.from({ length: 24 }, (_, n) =>
        result(
          `p${String(n)}`,
          { machine: 0.5, [`at ${String(sequence)}`]: 0.4 },
          { submission: { epoch: 1, sequence } },
        ),
      );
    const [correcting, rewriting, forgetting, other] = stores as [
      PostgresTagStore,
      PostgresTagStore,
      PostgresTagStore,
      PostgresTagStore,
    ];
    await rewriting.write(photos(1));
    const say = async (store: PostgresTagStore, tag: string, verdict: 'accept' | 'reject') => {
      for (const { photoId } of photos(1))
        await store.correct({ photoId, tags: [{ tag, verdict }], by: tag, at: 1 });
    };
    await Promise.all([
      say(correcting, 'mine', 'accept'),
      say(other, 'machine', 'reject'),
      ...[2, 3, 4].map((sequence) => rewriting.write(photos(sequence))),
      ...[2, 3].map((activation) =>
        other.rescore(
          rescoredBatch(
            photos(4).map((each) => ({ ...each, activation, tags: [{ tag: 'machine', score: 1 }] })),
          ),
        ),
      ),
      ...photos(1)
        .slice(20)
        .map(({ photoId }) => forgetting.forget(photoId, { epoch: 2, sequence: 1 })),
    ]);
    const { hits } = await rewriting.search(parseSearchQuery('mine -machine'), { limit: 100 });
    expect(hits.map(({ photoId }) => photoId).toSorted()).toEqual(
      photos(1)
        .slice(0, 20)
        .map(({ photoId }) => photoId)
        .toSorted(),
    );
    for (const { corrections } of hits) expect(corrections).toHaveLength(2);
    await expectConsistent(server, url);
    await expectNoDeadlock();
  });

  /** Closes the stores: the server counts when connections end. A batch would have been tried again. */
  async function expectNoDeadlock(): Promise<void> {
    await Promise.all(stores.map((store) => store.close()));
    const deadlocks = 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()';
    expect(await server.execute(url, deadlocks)).toEqual([{ deadlocks: '0' }]);
  }
});

/** Runs share a database: each has photos of its own. */
function ofRun(step: Change, run: number): Change {
  const named = (id: string) => `${String(run)} ${id}`;
  if (step.kind === 'forget') return { ...step, photoId: named(step.photoId) };
  return { ...step, batch: step.batch.map((each) => ({ ...each, photoId: named(each.photoId) })) };
}

async function perform(store: PostgresTagStore, steps: readonly Change[]): Promise<WriteOutcome[]> {
  const outcomes: WriteOutcome[] = [];
  for (const step of steps) {
    if (step.kind === 'write') outcomes.push(...(await store.write(step.batch)));
    // What is stored at that moment depends on the others.
    else if (step.upTo !== undefined) await store.forget(step.photoId, step.upTo);
  }
  return outcomes;
}

function claimsOf(steps: readonly Change[]): Map<string, Claim[]> {
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
    else if (step.upTo !== undefined)
      add(step.photoId, { submission: step.upTo, activation: Infinity, result: undefined });
  }
  return claims;
}

function order(a: Claim, b: Claim): number {
  const submitted = a.submission.epoch - b.submission.epoch || a.submission.sequence - b.submission.sequence;
  if (submitted !== 0) return submitted;
  return a.activation === b.activation ? 0 : a.activation - b.activation;
}
