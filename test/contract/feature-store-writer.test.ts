import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LocalResultStore } from '../../actors/local-result-store.ts';
import type { SpoutMessage, TaggedTuple } from '../../actors/tuple.ts';
import { photoSpoutName, writerName } from '../../actors/tuple.ts';
import { writer } from '../../actors/writer.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import type { PublishedModel } from '../../src/pool/published-model.ts';
import { actor, ActorSystem } from '../../src/runtime/index.ts';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { SupervisedTagStore } from '../../src/store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from '../../src/store/supervised-thumbnail-store.ts';
import type { TagResult } from '../../src/store/tag-store.ts';
import type { PhotoDelivery } from '../../src/transport/photo-delivery.ts';
import type { ResultPublisher } from '../../src/transport/result-publisher.ts';
import { contentOf, featuresOf, smallExtractor } from '../support/features.ts';
import { temporaryFolder } from '../support/model.ts';
import { until } from '../support/until.ts';
import { thumbnailsIn } from '../support/thumbnails.ts';

/** A tag store that tells when a batch is durable, before whoever wrote it knows. */
class WatchedTagStore extends SupervisedTagStore {
  writes = 0;
  onWritten: () => unknown = () => undefined;

  override async write(batch: readonly TagResult[]) {
    const outcomes = await super.write(batch);
    this.writes += 1;
    await this.onWritten();
    return outcomes;
  }
}

const extractor = smallExtractor();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let store: WatchedTagStore;
let features: EmbeddedFeatureStores;
let thumbnails: SupervisedThumbnailStore;
let system: ActorSystem;
let acknowledged: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  acknowledged = [];
  store = new WatchedTagStore(() =>
    EmbeddedTagStore.open({ file: join(folder.path, 'tags.db'), clock: systemClock }),
  );
  await store.start();
  features = new EmbeddedFeatureStores({
    folder: join(folder.path, 'features'),
    clock: systemClock,
    report: (fault) => {
      throw fault;
    },
  });
  thumbnails = await thumbnailsIn(folder.path);
  system = new ActorSystem({ clock: systemClock });
  const results = { publish: () => undefined } as unknown as ResultPublisher;
  const spout = { kind: 'spout', init: () => 0, receive: (state: number, _message: SpoutMessage) => state };
  await system.start({
    children: [
      { id: 'spout', start: actor(spout, undefined, { name: photoSpoutName }) },
      {
        id: 'writer',
        start: actor(
          writer,
          { store: new LocalResultStore(store, features, thumbnails), results, metrics: new Metrics() },
          { name: writerName },
        ),
      },
    ],
  });
});
afterEach(async () => {
  await system.stop(1_000);
  await features.close();
  await thumbnails.close();
  await store.close();
  await folder.remove();
});

/** A photo that was tagged; `number` tells its features. */
function tagged(id: string, number: number, sequence = number): TaggedTuple {
  const delivery = {
    id,
    sequence,
    epoch: 1,
    top: 0,
    ack: () => {
      acknowledged.push(`${id} ${String(number)}`);
      return Promise.resolve();
    },
  } as unknown as PhotoDelivery;
  const nothing = { indices: new Uint32Array(), scores: new Float32Array() };
  const model = { handle: { activation: 1, id: 'model' }, extractor: 'lite0-1', name: () => [] };
  return {
    delivery,
    pulledAt: 0,
    model: model as unknown as PublishedModel,
    found: {
      tags: nothing,
      best: nothing,
      features: [{ extractor, features: featuresOf(number) }],
      times: { decode: 0, features: 0, score: 0 },
    },
  };
}

const write = (tuple: TaggedTuple) => {
  system.ref(writerName).cast({ type: 'write', tuple });
};
const stored = async () => (await contentOf(await features.of(extractor))).content;

it('acknowledges no photo whose features cannot be stored, and goes on when they can', async () => {
  write(tagged('a', 1));
  await until(() => store.writes >= 2);
  expect(acknowledged).toEqual([]);
  await features.open();
  write(tagged('b', 2));
  await until(() => acknowledged.length === 2);
  expect(await stored()).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
});

it('keeps no features of a photo that was forgotten after its tags were stored', async () => {
  await features.open();
  store.onWritten = () => features.remove('a');
  write(tagged('a', 1));
  write(tagged('b', 2));
  await until(() => acknowledged.length === 2);
  expect(await stored()).toEqual(new Map([['b', 2]]));
});

it('keeps the features of the photo that was submitted last', async () => {
  await features.open();
  write(tagged('a', 2));
  await until(() => acknowledged.length === 1);
  write(tagged('a', 1));
  await until(() => acknowledged.length === 2);
  expect(await stored()).toEqual(new Map([['a', 2]]));
});
