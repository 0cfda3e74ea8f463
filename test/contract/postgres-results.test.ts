import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseResultStore } from '../../actors/database-result-store.ts';
import { PostgresFeatureStores } from '../../src/store/postgres-feature-stores.ts';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { PostgresThumbnailStore } from '../../src/store/postgres-thumbnail-store.ts';
import { SupervisedTagStore } from '../../src/store/supervised-tag-store.ts';
import type { TaggedPhoto } from '../../src/store/tagged-photo.ts';
import { contentOf, featuresOf, selectedOf, smallExtractor } from '../support/features.ts';
import { temporaryFolder } from '../support/model.ts';
import { expectConsistent } from '../support/postgres-counts.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { hostileNames, result } from './tag-store-samples.ts';

const epoch = 1_700_000_000_000;
const lite0 = smallExtractor();
const hog = { ...lite0, id: 'hog' };
const at = (sequence: number) => ({ epoch, sequence });
const picture = (sequence: number) => new Uint8Array(50).fill(sequence);

/** A photo whose features tell its sequence, as its thumbnail does if it has one. */
function tagged(
  id: string,
  sequence: number,
  { activation = 1, extractors = [lite0], pictured = true } = {},
): TaggedPhoto {
  return {
    result: result(id, { cat: 0.5 }, { submission: at(sequence), activation }),
    features: extractors.map((extractor) => ({ extractor, features: featuresOf(sequence) })),
    ...(pictured ? { thumbnail: picture(sequence) } : {}),
  };
}

/** What a node has of the database. */
class Node {
  readonly tags: SupervisedTagStore<PostgresTagStore>;
  readonly results: DatabaseResultStore;
  readonly features: PostgresFeatureStores;
  readonly thumbnails: PostgresThumbnailStore;

  private constructor(url: string, folder: string, thumbnails: PostgresThumbnailStore) {
    this.tags = new SupervisedTagStore(() => PostgresTagStore.open({ url }));
    this.results = new DatabaseResultStore(this.tags);
    const report = (fault: Error) => {
      throw fault;
    };
    this.features = new PostgresFeatureStores({ url, folder, report });
    this.thumbnails = thumbnails;
  }

  static async open(url: string, folder: string): Promise<Node> {
    const node = new Node(url, folder, await PostgresThumbnailStore.open(url));
    await node.tags.start();
    await node.features.open();
    return node;
  }

  /** As the service does. */
  async forget(id: string, sequence: number): Promise<void> {
    await this.tags.forget(id, at(sequence));
    await this.features.remove(id, at(sequence));
    await this.thumbnails.forget(id, at(sequence));
  }

  async selected(id: string, extractor = lite0): Promise<number | undefined> {
    return (await selectedOf(await this.features.of(extractor), [id]))[0];
  }

  async close(): Promise<void> {
    await this.features.close();
    await this.thumbnails.close();
    await this.tags.close();
  }
}

describe('results in PostgreSQL', () => {
  let server: TestPostgres;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let url: string;
  let nodes: readonly Node[];
  const first = () => nodes[0]!;

  beforeAll(async () => {
    server = await startPostgres(['fsync=off']);
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });
  beforeEach(async () => {
    url = await server.createDatabase();
    nodes = await Promise.all([1, 2, 3].map((n) => Node.open(url, join(folder.path, String(n)))));
    return async () => {
      await Promise.all(nodes.map((node) => node.close()));
    };
  });

  it('are kept whole, of any name, and kept again', async () => {
    const photos = hostileNames.map((name, index) => tagged(name, index + 1));
    const { results, tags, features, thumbnails } = first();
    expect(await results.keep(photos)).toEqual(photos.map(() => 'stored'));
    expect(await results.keep(photos)).toEqual(photos.map(() => 'stored'));
    expect((await contentOf(await features.of(lite0))).content).toEqual(
      new Map(hostileNames.map((name, index) => [name, index + 1])),
    );
    for (const { result: row, thumbnail } of photos) {
      expect(await tags.get(row.photoId)).toEqual(row);
      expect(await thumbnails.get(row.photoId)).toEqual(thumbnail);
    }
    expect(await results.keep([])).toEqual([]);
  });

  it('come with nothing of a result that is superseded, also within a batch', async () => {
    const { results, tags, thumbnails } = first();
    expect(await results.keep([tagged('a', 3), tagged('b', 1), tagged('a', 2), tagged('b', 4)])).toEqual([
      'stored',
      'stored',
      'superseded',
      'stored',
    ]);
    expect([await first().selected('a'), await first().selected('b')]).toEqual([3, 4]);
    expect(await thumbnails.get('a')).toEqual(picture(3));
    expect(await results.keep([tagged('a', 4, { pictured: false })])).toEqual(['stored']);
    expect(await thumbnails.get('a')).toBeUndefined();
    expect((await tags.get('a'))?.submission).toEqual(at(4));
  });

  it('have no features of an extractor that has described an earlier submission alone', async () => {
    const { results } = first();
    await results.keep([tagged('a', 1, { extractors: [lite0, hog] })]);
    await results.keep([tagged('a', 1, { activation: 2 })]);
    expect(await first().selected('a', hog)).toBe(1);
    await results.keep([tagged('a', 2)]);
    expect([await first().selected('a'), await first().selected('a', hog)]).toEqual([2, undefined]);
  });

  it('win over what was described for training, and lose none of it for other photos', async () => {
    const { results, features } = first();
    const described = (id: string) => ({
      id,
      features: [{ extractor: lite0, features: featuresOf(77) }],
    });
    await features.append(['a', 'b'].map(described));
    await results.keep([tagged('a', 1), tagged('c', 1)]);
    await features.append(['a', 'c'].map(described));
    expect(await Promise.all(['a', 'b', 'c'].map((id) => first().selected(id)))).toEqual([1, 77, 1]);
  });

  it('refuse features that nobody could read, and nothing else with them', async () => {
    const odd = { ...tagged('a', 1), features: [{ extractor: lite0, features: featuresOf(1, 9) }] };
    await expect(first().results.keep([odd, tagged('b', 1)])).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(await first().results.keep([tagged('b', 1)])).toEqual(['stored']);
  });

  it('are all of the last submission, or all gone, whichever nodes keep and forget a photo', async () => {
    const step = fc.record({
      node: fc.nat({ max: 2 }),
      photo: fc.constantFrom('a', 'b'),
      sequence: fc.integer({ min: 1, max: 6 }),
      kind: fc.constantFrom('keep', 'keep', 'keep bare', 'forget'),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        run += 1;
        const idOf = (photo: string) => `${photo} ${String(run)}`;
        await Promise.all(
          steps.map(({ node, photo, sequence, kind }) =>
            kind === 'forget'
              ? nodes[node]!.forget(idOf(photo), sequence)
              : nodes[node]!.results.keep([tagged(idOf(photo), sequence, { pictured: kind === 'keep' })]),
          ),
        );
        for (const photo of new Set(steps.map((one) => one.photo))) {
          const [id, own] = [idOf(photo), steps.filter((one) => one.photo === photo)];
          const last = Math.max(...own.map(({ sequence }) => sequence));
          const ends = own.filter(({ sequence }) => sequence === last).map(({ kind }) => kind);
          const forgotten = ends.includes('forget');
          expect((await first().tags.get(id))?.submission.sequence).toBe(forgotten ? undefined : last);
          expect(await nodes[1]!.selected(id)).toBe(forgotten ? undefined : last);
          const thumbnail = await nodes[2]!.thumbnails.get(id);
          if (forgotten || !ends.includes('keep')) expect(thumbnail).toBeUndefined();
          else expect(thumbnail).toEqual(picture(last));
        }
      }),
      { numRuns: 60 },
    );
    await expectConsistent(server, url);
    const left = `SELECT photo FROM autotag.features WHERE NOT EXISTS
      (SELECT FROM autotag.photos WHERE id = photo AND forgotten_at IS NULL)`;
    expect(await server.execute(url, left)).toEqual([]);
  });
});
