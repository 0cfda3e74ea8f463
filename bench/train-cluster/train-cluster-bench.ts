import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import type { Progress } from '../results/part.ts';
import { clothesSet } from '../train/clothes-set.ts';
import { nodeUse, type NodeUse } from './node-use.ts';
import { cutPhotos, type PhotoFiles, type PhotoParts } from './photo-parts.ts';
import { judgeScores, judgeTags, type ScoresVerdict, type TagsVerdict } from './tag-judge.ts';
import { TrainingCluster, type FinishedRun } from './training-cluster.ts';

/** What {@link trainClusterBench} is told. */
export interface TrainClusterOptions {
  /** A labelled photo set (see `setFiles`); by default one that is fetched. */
  readonly data: string | undefined;
  /** Takes some of the photos: figures mean little. */
  readonly quick: boolean;
  readonly progress: Progress;
}

/** What a training run took. */
export interface RunCosts {
  readonly seconds: number;
  /** Without describing photos and joining labels. */
  readonly learningSeconds: number;
  readonly steps: FinishedRun['steps'];
  readonly evaluation: FinishedRun['evaluation'];
}

/** A training run beside the same on more nodes. */
export interface TwoNodes {
  readonly one: RunCosts;
  readonly two: RunCosts;
  readonly speedup: number;
  /** Speed-up of each step. */
  readonly steps: Readonly<Record<string, number>>;
  /** Whether both say the same of their models. */
  readonly sameModel: boolean;
  readonly use: NodeUse;
}

/** Updates of a model of nine tenths of the photos, which lacks a class. */
export interface Updates {
  readonly first: RunCosts;
  /** With the other photos. */
  readonly update: RunCosts;
  /** With the labels of the class, after that. */
  readonly newClass: RunCosts;
}

/** What training on a cluster takes, and how good its models are on photos that they have not seen. */
export interface TrainClusterFigures {
  readonly photos: number;
  readonly nodes: TwoNodes;
  readonly updates: Updates;
  /** mAP of each model on the test photos, over the classes that all of them have. */
  readonly map: Readonly<Record<'full' | 'first' | 'update' | 'withNewClass', number>>;
  /** Average precision of the class that an update brought. */
  readonly newClassPrecision: Readonly<Record<'full' | 'withNewClass', number>>;
  /** Of the model of all photos. */
  readonly scores: ScoresVerdict;
  /** By the precision asked for. */
  readonly tags: Readonly<Record<string, TagsVerdict>>;
}

const quickPhotos = 2_000;
/** The share of right tags that is asked for; the first one is the product's default. */
const precisions = [0.8, 0.5] as const;

/** What the parts of this bench work with. */
interface Work {
  readonly set: string;
  readonly folder: string;
  readonly parts: PhotoParts;
  readonly progress: Progress;
}

/** Training through node processes and NATS: on one node and two, updates, and what scores mean. */
export async function trainClusterBench(options: TrainClusterOptions): Promise<TrainClusterFigures> {
  const { data, quick, progress } = options;
  const set = data ?? (await clothesSet(join(packageRoot, '.cache', 'bench-train')));
  const folder = await mkdtemp(join(tmpdir(), 'autotag-bench-train-cluster-'));
  try {
    const parts = await cutPhotos(set, folder, quick ? quickPhotos : undefined);
    const work = { set, folder, parts, progress };
    const one = await onOneNode(work);
    const { two, scores, tags } = await onTwoNodes(work);
    const { updates, verdicts } = await updated(work);
    const name = parts.newClass.name;
    const { first, update, withNewClass } = verdicts;
    return {
      photos: parts.all.photos,
      nodes: compare(one, two),
      updates,
      map: {
        full: mapWithout(name, scores),
        first: mapWithout(name, first),
        update: mapWithout(name, update),
        withNewClass: mapWithout(name, withNewClass),
      },
      newClassPrecision: {
        full: scores.averagePrecisions[name] ?? NaN,
        withNewClass: withNewClass.averagePrecisions[name] ?? NaN,
      },
      scores,
      tags,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function onOneNode({ parts, progress }: Work): Promise<FinishedRun> {
  return await withCluster(1, async (cluster) => {
    progress('one node: training on all photos');
    return await cluster.run(trainOn(parts.all));
  });
}

async function onTwoNodes(work: Work) {
  const { set, parts, progress } = work;
  return await withCluster(2, async (cluster) => {
    progress('two nodes: training on all photos');
    const two = await cluster.run(trainOn(parts.all));
    progress('two nodes: tagging the test photos');
    const scores = await scoresOf(work, cluster, two.model);
    const tags: Record<string, TagsVerdict> = {};
    for (const precision of precisions) {
      const { model } =
        precision === precisions[0]
          ? two
          : await cluster.run({ kind: 'train', labels: [parts.all.labels], precision });
      tags[precision] = await judgeTags(set, await tag(work, cluster, { model, scores: 'tags' }));
    }
    return { two, scores, tags };
  });
}

async function updated(work: Work) {
  const { parts, progress } = work;
  return await withCluster(1, async (cluster) => {
    progress('one node: training on nine tenths of the photos');
    const first = await cluster.run(trainOn(parts.first));
    progress('one node: updates');
    const update = await cluster.run({ ...trainOn(parts.rest), update: first.model });
    const { labels } = parts.newClass;
    const newClass = await cluster.run({ kind: 'train', labels: [labels], update: update.model });
    await cluster.join();
    progress('two nodes: tagging the test photos');
    const verdicts = {
      first: await scoresOf(work, cluster, first.model),
      update: await scoresOf(work, cluster, update.model),
      withNewClass: await scoresOf(work, cluster, newClass.model),
    };
    return {
      updates: { first: costsOf(first), update: costsOf(update), newClass: costsOf(newClass) },
      verdicts,
    };
  });
}

async function withCluster<T>(nodes: number, use: (cluster: TrainingCluster) => Promise<T>): Promise<T> {
  const cluster = await TrainingCluster.start(nodes);
  try {
    return await use(cluster);
  } finally {
    await cluster.stop();
  }
}

function trainOn({ pixels, labels }: PhotoFiles) {
  return { kind: 'train' as const, pixels: [pixels], labels: [labels] };
}

async function scoresOf(work: Work, cluster: TrainingCluster, model: string): Promise<ScoresVerdict> {
  return await judgeScores(work.set, await tag(work, cluster, { model, scores: 'all' }));
}

/** @returns the file that was written */
async function tag(
  { parts, folder }: Work,
  cluster: TrainingCluster,
  { model, scores }: { readonly model: string; readonly scores: 'all' | 'tags' },
): Promise<string> {
  const out = join(folder, `${model}-${scores}.tsv`);
  await cluster.run({ kind: 'tag', pixels: [parts.test.pixels], out, model, scores });
  return out;
}

function compare(one: FinishedRun, two: FinishedRun): TwoNodes {
  return {
    one: costsOf(one),
    two: costsOf(two),
    speedup: one.seconds / two.seconds,
    steps: Object.fromEntries(
      Object.entries(one.steps).map(([step, seconds]) => [step, seconds / (two.steps[step] ?? NaN)]),
    ),
    sameModel: JSON.stringify(one.evaluation) === JSON.stringify(two.evaluation),
    use: nodeUse(two),
  };
}

function costsOf({ seconds, steps, evaluation }: FinishedRun): RunCosts {
  const before = (steps['describe'] ?? 0) + (steps['join'] ?? 0);
  return { seconds, learningSeconds: seconds - before, steps, evaluation };
}

function mapWithout(name: string, { averagePrecisions }: ScoresVerdict): number {
  const others = Object.entries(averagePrecisions).filter(([of]) => of !== name);
  return others.reduce((sum, [, precision]) => sum + precision, 0) / others.length;
}
