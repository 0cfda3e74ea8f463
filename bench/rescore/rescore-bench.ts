import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalResultStore } from '../../actors/local-result-store.ts';
import { rescore } from '../../actors/rescoring-workflow.ts';
import { RunFolders } from '../../actors/run-folders.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { RecentLines } from '../../src/base/recent-lines.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import { ActiveModel } from '../../src/pool/active-model.ts';
import type { JobPool } from '../../src/pool/job-pool.ts';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { EmbeddedThumbnailStore } from '../../src/store/embedded-thumbnail-store.ts';
import { SupervisedTagStore } from '../../src/store/supervised-tag-store.ts';
import { SupervisedThumbnailStore } from '../../src/store/supervised-thumbnail-store.ts';
import { median } from '../results/median.ts';
import type { Progress } from '../results/part.ts';
import { PhotoGenerator } from '../store/photo-generator.ts';
import { openJobPool } from '../train/job-threads.ts';
import { BareScorer } from './bare-scorer.ts';
import { extractor, MadeModels, madeRows } from './made-models.ts';

/** What to measure. */
export interface RescoreBenchOptions {
  readonly photos: number;
  readonly classes: number;
  readonly rounds: number;
}

/** What was measured, of each round; the first of a store is not among them. */
export interface RescoreBenchFigures extends RescoreBenchOptions {
  /** Tags of a photo, on average. */
  readonly tagsPerPhoto: number;
  /** Photos a second, with one job thread; store and main thread have what is left of the machine. */
  readonly perS: readonly number[];
  /** Photos for each second of CPU time that all threads have used: scoring, store, files and what is between. */
  readonly perCoreS: readonly number[];
  /** Photos a second of a loop that only scores, and for each second of CPU time. */
  readonly bare: readonly number[];
  readonly bareCore: readonly number[];
  readonly overBare: number;
  readonly daysPerBillion: number;
}

const fillRows = 2_048;

/**
 * Scores photos of a store again, as `cluster tag --stored` does but for NATS, each round with another model so that the tags of all change;
 * in turns with a loop that only scores.
 */
export async function rescoreBench(
  options: RescoreBenchOptions,
  progress: Progress,
): Promise<RescoreBenchFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-rescore-bench-'));
  const made = new MadeModels(folder, options.classes);
  const stores = await Stores.open(folder);
  const pool = await openJobPool(1, folder);
  try {
    await stores.fill(options.photos);
    const bare = await BareScorer.open(await made.next());
    const rounds = [];
    for (let round = 0; round <= options.rounds; round += 1) {
      const model = await made.next();
      const whole = await timed(options.photos, () => stores.rescore(model, pool));
      const alone = await timed(bare.photos, () => {
        bare.run();
        return Promise.resolve();
      });
      progress(
        `${String(options.classes)} classes: ${whole.perS.toFixed(0)} photos/s, bare ${alone.perS.toFixed(0)}`,
      );
      // The first starts the thread and warms up the code.
      if (round > 0) rounds.push({ whole, alone });
    }
    const perCoreS = rounds.map(({ whole }) => whole.perCoreS);
    return {
      ...options,
      tagsPerPhoto: bare.tagsPerPhoto,
      perS: rounds.map(({ whole }) => whole.perS),
      perCoreS,
      bare: rounds.map(({ alone }) => alone.perS),
      bareCore: rounds.map(({ alone }) => alone.perCoreS),
      overBare: median(rounds.map(({ whole, alone }) => whole.perCoreS / alone.perCoreS)),
      daysPerBillion: 1e9 / median(perCoreS) / 86_400,
    };
  } finally {
    pool.stop();
    await stores.close();
    await rm(folder, { recursive: true, maxRetries: 5 });
  }
}

async function timed(photos: number, work: () => Promise<void>) {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return {
    perS: (1_000 * photos) / (performance.now() - started),
    perCoreS: (1e6 * photos) / (user + system),
  };
}

/** Scoring again has nothing to do with them: never opened. */
const noThumbnails = new SupervisedThumbnailStore(() => EmbeddedThumbnailStore.open(''));

/** A tag store and a feature store, as a node has them. */
class Stores {
  readonly #tags: SupervisedTagStore;
  readonly #features: EmbeddedFeatureStores;
  readonly #models = new ActiveModel();
  readonly #folder: string;

  private constructor(folder: string, tags: SupervisedTagStore, features: EmbeddedFeatureStores) {
    this.#folder = folder;
    this.#tags = tags;
    this.#features = features;
  }

  static async open(folder: string): Promise<Stores> {
    const tags = new SupervisedTagStore(() => EmbeddedTagStore.open({ file: join(folder, 'tags.db') }));
    const report = (fault: Error) => {
      throw fault;
    };
    const features = new EmbeddedFeatureStores({
      folder: join(folder, 'features'),
      clock: systemClock,
      report,
    });
    await tags.start();
    await features.open();
    return new Stores(folder, tags, features);
  }

  async fill(photos: number): Promise<void> {
    const generator = new PhotoGenerator({ vocabulary: 3_000, tagsPerPhoto: 5, seed: 1 });
    for (let first = 0; first < photos; first += fillRows) {
      const rows = madeRows(first, Math.min(fillRows, photos - first));
      const results = rows.map((_, index) => ({ ...generator.photo(first + index), activation: 0 }));
      await this.#tags.write(results);
      await this.#features.append(
        results.map(({ photoId: id }, index) => {
          return { id, features: [{ extractor, features: rows[index]! }] };
        }),
      );
    }
  }

  async rescore(model: Awaited<ReturnType<MadeModels['next']>>, pool: JobPool): Promise<void> {
    this.#models.activate(model);
    await rescore(
      { kind: 'rescore', which: 'stale' },
      {
        run: { id: 'rescore-1', startedAt: 0 },
        signal: new AbortController().signal,
        tasks: { localParallelism: 1, runUnrecorded: (task, options) => pool.run(task, options) },
        progress: { at: () => undefined, steps: () => [] },
      },
      {
        tags: this.#tags,
        features: this.#features,
        results: new LocalResultStore(this.#tags, this.#features, noThumbnails),
        models: this.#models,
        extractors: [extractor],
        folders: new RunFolders(this.#folder),
        log: createLog('error', {}, new RecentLines()),
      },
    );
  }

  async close(): Promise<void> {
    await this.#tags.close();
    await this.#features.close();
  }
}
