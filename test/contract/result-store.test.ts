import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LocalResultStore } from '../../actors/local-result-store.ts';
import { RemoteResultStore } from '../../actors/remote-result-store.ts';
import { resultService } from '../../actors/result-service.ts';
import type { ResultStore } from '../../actors/result-store.ts';
import type { TaggedPhoto } from '../../src/store/tagged-photo.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { AuditLog } from '../../src/cluster/audit-log.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { SupervisedTagStore } from '../../src/store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from '../../src/store/supervised-thumbnail-store.ts';
import type { TagResult } from '../../src/store/tag-store.ts';
import { Connection } from '../../src/transport/connection.ts';
import type { Served } from '../../src/transport/requests.ts';
import { contentOf, featuresOf, smallExtractor } from '../support/features.ts';
import { temporaryFolder } from '../support/model.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { thumbnailsIn } from '../support/thumbnails.ts';
import { hostileNames, result } from './tag-store-samples.ts';

const extractor = smallExtractor();

let nats: TestNats;
let holder: Connection;
let other: Connection;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tags: SupervisedTagStore;
let features: EmbeddedFeatureStores;
let thumbnails: SupervisedThumbnailStore;
let local: LocalResultStore;
let remote: RemoteResultStore;
let served: readonly Served[];

beforeAll(async () => {
  nats = await startNats();
  holder = await Connection.open({ url: nats.url, role: 'node', name: 'n1' });
  other = await Connection.open({ url: nats.url, role: 'node', name: 'n2' });
});

afterAll(async () => {
  await Promise.all([holder.close(), other.close()]);
  await nats.stop();
});

beforeEach(async () => {
  folder = await temporaryFolder();
  tags = new SupervisedTagStore(() =>
    EmbeddedTagStore.open({ file: join(folder.path, 'tags.db'), clock: systemClock }),
  );
  await tags.start();
  features = new EmbeddedFeatureStores({
    folder: join(folder.path, 'features'),
    clock: systemClock,
    report: (fault) => {
      throw fault;
    },
  });
  await features.open();
  thumbnails = await thumbnailsIn(folder.path);
  local = new LocalResultStore(tags, features, thumbnails);
  remote = new RemoteResultStore(other, 'n1');
  const audit = new AuditLog({ folder: folder.path, node: 'n1', clock: systemClock, log: silentLog });
  served = resultService('n1', local).map((serve) => serve(holder, silentLog, audit));
  await Promise.all(served.map(({ ready }) => ready));
});

afterEach(async () => {
  await Promise.all(served.map((one) => one.stop()));
  await features.close();
  await thumbnails.close();
  await tags.close();
  await folder.remove();
});

/** A photo whose features tell its sequence. */
function tagged(id: string, sequence: number, more: Partial<TagResult> = {}): TaggedPhoto {
  const submission = { epoch: 1_700_000_000_000, sequence };
  return {
    result: result(id, { cat: 0.5 }, { submission, ...more }),
    features: [{ extractor, features: featuresOf(sequence) }],
  };
}

const kept = async () => (await contentOf(await features.of(extractor))).content;

/** A thumbnail that tells its sequence. */
const picture = (sequence: number, bytes = 12_000) => new Uint8Array(bytes).fill(sequence);

describe.each(['local', 'remote'])('the %s result store', (kind) => {
  const store = (): ResultStore => (kind === 'local' ? local : remote);

  it('keeps rows and features of any name, and keeps them again', async () => {
    const photos = hostileNames.map((name, index) => {
      const { result: row, features: found } = tagged(name, index + 1);
      const attributes = { text: name, number: index, yes: true };
      return {
        result: { ...row, file: `${name}.jpg`, tags: [{ tag: name, score: 0.25 }], attributes },
        features: found,
      };
    });
    expect(await store().keep(photos)).toEqual(photos.map(() => 'stored'));
    expect(await store().keep(photos)).toEqual(photos.map(() => 'stored'));
    for (const { result: row } of photos) expect(await tags.get(row.photoId)).toEqual(row);
    expect(await kept()).toEqual(
      new Map(photos.map(({ result: { photoId } }, index) => [photoId, index + 1])),
    );
  });

  it('says which results are superseded, and keeps no features of these', async () => {
    expect(await store().keep([tagged('a', 3), tagged('b', 1)])).toEqual(['stored', 'stored']);
    expect(await store().keep([tagged('a', 2), tagged('b', 2)])).toEqual(['superseded', 'stored']);
    expect(await kept()).toEqual(
      new Map([
        ['a', 3],
        ['b', 2],
      ]),
    );
  });

  it('keeps thumbnails of the results that count, more than a request takes', async () => {
    const batch = Array.from({ length: 64 }, (_, index) => ({
      ...tagged(`p${String(index)}`, 5),
      ...(index % 8 === 0 ? {} : { thumbnail: picture(index) }),
    }));
    expect(await store().keep(batch)).toEqual(batch.map(() => 'stored'));
    for (const { result: row, thumbnail } of batch)
      expect(await thumbnails.get(row.photoId)).toEqual(thumbnail);
    await store().keep([{ ...tagged('p1', 4), thumbnail: picture(99) }]);
    expect(await thumbnails.get('p1')).toEqual(picture(1));
    await store().keep([{ ...tagged('p1', 5), thumbnail: picture(98) }]);
    expect(await thumbnails.get('p1')).toEqual(picture(98));
    await store().keep([tagged('p1', 6)]);
    expect(await thumbnails.get('p1')).toBeUndefined();
  });

  it('is away while the thumbnails are, and keeps all of it then', async () => {
    await thumbnails.close();
    const photo = { ...tagged('a', 1), thumbnail: picture(1) };
    await expect(store().keep([photo])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await thumbnails.start();
    expect(await store().keep([photo])).toEqual(['stored']);
    expect(await thumbnails.get('a')).toEqual(picture(1));
  });

  it('refuses a result that no store could keep, and nothing else with it', async () => {
    const bad = tagged('a', 1, { tags: [{ tag: 'x', score: 2 }] });
    await expect(store().keep([bad])).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await store().keep([tagged('b', 1)])).toEqual(['stored']);
  });

  it('keeps more than a request takes', async () => {
    const many = Array.from({ length: 600 }, (_, index) => ({
      tag: `${'t'.repeat(240)}${String(index)}`,
      score: 0.5,
    }));
    const photos = Array.from({ length: 12 }, (_, index) => tagged(`p${String(index)}`, 1, { tags: many }));
    expect(await store().keep(photos)).toEqual(photos.map(() => 'stored'));
    expect((await tags.get('p11'))?.tags).toHaveLength(many.length);
  });

  it('is away while the tag store or the features are', async () => {
    await features.close();
    await expect(store().keep([tagged('a', 1)])).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
    await features.open();
    await tags.close();
    await expect(store().keep([tagged('a', 1)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await tags.start();
    expect(await store().keep([tagged('a', 1)])).toEqual(['stored']);
  });
});

it('is away while no node answers', async () => {
  await expect(new RemoteResultStore(other, 'n3').keep([tagged('a', 1)])).rejects.toMatchObject({
    code: 'NODE_UNAVAILABLE',
  });
});

it('keeps tags and features of the last submission, whoever keeps which in whatever order', async () => {
  const submissions = fc.array(
    fc.record({
      photo: fc.constantFrom('a', 'b'),
      sequence: fc.integer({ min: 1, max: 9 }),
      here: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(submissions, async (all) => {
      run += 1;
      const idOf = (photo: string) => `${photo} ${String(run)}`;
      await Promise.all(
        all.map(({ photo, sequence, here }) => (here ? local : remote).keep([tagged(idOf(photo), sequence)])),
      );
      const content = await kept();
      for (const photo of new Set(all.map((one) => one.photo))) {
        const last = Math.max(...all.filter((one) => one.photo === photo).map(({ sequence }) => sequence));
        expect((await tags.get(idOf(photo)))?.submission.sequence).toBe(last);
        expect(content.get(idOf(photo))).toBe(last);
      }
    }),
    { numRuns: 40 },
  );
});
