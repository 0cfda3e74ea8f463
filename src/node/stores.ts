import { join } from 'node:path';
import { DatabaseResultStore } from '../../actors/database-result-store.ts';
import { featureStoresChild, type OpenedFeatureStores } from '../../actors/feature-stores-child.ts';
import { LocalResultStore } from '../../actors/local-result-store.ts';
import type { OwnResultStore } from '../../actors/result-store.ts';
import { storeChild } from '../../actors/store-child.ts';
import { systemClock } from '../base/clock.ts';
import type { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { EmbeddedFeatureStores } from '../model/feature-store/embedded-feature-stores.ts';
import type { FeatureStores } from '../model/feature-store/feature-store.ts';
import { external } from '../runtime/index.ts';
import type { SupervisorSpec } from '../runtime/index.ts';
import { EmbeddedTagStore } from '../store/embedded-tag-store.ts';
import { EmbeddedThumbnailStore } from '../store/embedded-thumbnail-store.ts';
import { PostgresFeatureStores } from '../store/postgres-feature-stores.ts';
import { PostgresTagStore } from '../store/postgres-tag-store.ts';
import { PostgresThumbnailStore } from '../store/postgres-thumbnail-store.ts';
import { SupervisedTagStore } from '../store/supervised-tag-store.ts';
import { SupervisedThumbnailStore } from '../store/supervised-thumbnail-store.ts';

/** The stores of a node, closed at first. */
export interface NodeStores {
  readonly tags: SupervisedTagStore;
  readonly features: FeatureStores & OpenedFeatureStores;
  readonly thumbnails: SupervisedThumbnailStore;
  readonly results: OwnResultStore;
  /** The features once more, where they are in a database, which other nodes use as well. */
  readonly shared?: PostgresFeatureStores;
}

/** What they are made of. */
export interface NodeStoresOptions {
  /** The data folder. */
  readonly folder: string;
  /** The database; files of the data folder without it. */
  readonly url: string | undefined;
  readonly log: Log;
}

/** Makes the stores of a node. */
export function nodeStores({ folder, url, log }: NodeStoresOptions): NodeStores {
  const report = (fault: Fault): void => {
    log.warn({ fault: fault.toWire() }, 'stored features are not all there');
  };
  return url === undefined ? inFiles(folder, report) : inDatabase(url, folder, report);
}

function inFiles(folder: string, report: (fault: Fault) => void): NodeStores {
  const clock = systemClock;
  const tags = new SupervisedTagStore(() => EmbeddedTagStore.open({ file: join(folder, 'tags.db'), clock }));
  const thumbnails = new SupervisedThumbnailStore(() =>
    EmbeddedThumbnailStore.open(join(folder, 'thumbnails.db')),
  );
  const features = new EmbeddedFeatureStores({ folder: join(folder, 'features'), clock, report });
  return { tags, features, thumbnails, results: new LocalResultStore(tags, features, thumbnails) };
}

function inDatabase(url: string, folder: string, report: (fault: Fault) => void): NodeStores {
  const tags = new SupervisedTagStore(() => PostgresTagStore.open({ url, clock: systemClock }));
  const thumbnails = new SupervisedThumbnailStore(() => PostgresThumbnailStore.open(url));
  const shared = new PostgresFeatureStores({ url, folder: join(folder, 'feature-copies'), report });
  return { tags, features: shared, thumbnails, results: new DatabaseResultStore(tags), shared };
}

/** The stores of a node, opened again whenever they break down, while the rest goes on and waits for them. */
export function openedStores({ tags, thumbnails, features }: NodeStores): SupervisorSpec {
  const backoff = { initialMs: 50, maxMs: 10_000 };
  return {
    intensity: { maxRestarts: 10, windowMs: 60_000 },
    children: [
      { id: 'tag-store', start: external(storeChild(tags)), backoff },
      { id: 'thumbnail-store', start: external(storeChild(thumbnails)), backoff },
      { id: 'feature-stores', start: external(featureStoresChild(features)), backoff },
    ],
  };
}
