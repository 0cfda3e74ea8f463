import { join } from 'node:path';
import { writeModel } from '../../src/model/model-writer.ts';
import { readModel } from '../../src/model/model-file.ts';
import { quantiseModel } from '../../src/model/quantised-model.ts';
import { PublishedModel } from '../../src/pool/published-model.ts';
import type { ScoredTag } from '../../src/pool/published-model.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { swapModels } from '../support/faults.ts';
import { Lite0Reference } from '../support/lite0-reference.ts';
import { modelContents } from '../support/model.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { numbered } from '../support/photos.ts';
import { numberOf, type Workload } from '../support/workload.ts';
import type { Scenario } from './scenario.ts';

const classes = Array.from({ length: 200 }, (_, index) => `class ${String(index)}`);
const pictures = 16;
/** What a photo is submitted with. */
const top = 5;

/** Another model is put in use again and again, under load: each result has to be numerically that of the model it names. */
export async function modelSwap(photos: number, rate: number, swaps: number): Promise<Scenario> {
  const reference = await Lite0Reference.load();
  const models = Array.from({ length: swaps }, (_, seed) =>
    modelContents(reference.randomBlock(classes, seed)),
  );
  const published = new Map<string, PublishedModel>();
  const ids: string[] = [];
  return {
    name: `${String(swaps)} model swaps`,
    workload: { photos, rate, pictures },
    faults: [swapModels(ids, swaps)],
    maxRunsPerPhoto: 1.02,
    prepare: async (node: NodeProcess) => {
      const client = await node.connect();
      for (const [index, contents] of models.entries()) {
        const draft = join(node.data.path, 'draft.model');
        const id = await writeModel(draft, contents);
        await client.importModel(draft);
        const model = await quantiseModel(await readModel(draft));
        published.set(id, new PublishedModel(model, index + 1, reference.extractors));
        ids.push(id);
      }
      await client.close();
    },
    check: (client, workload) => checkScores(client, workload, reference, published),
  };
}

/** Compares every result and every row with what the model that it names gives here. */
async function checkScores(
  client: ClusterClient,
  workload: Workload,
  reference: Lite0Reference,
  published: ReadonlyMap<string, PublishedModel>,
): Promise<readonly string[]> {
  const features = await Promise.all(
    Array.from({ length: pictures }, async (_, picture) => reference.features(await numbered(picture))),
  );
  const expected = new Map<string, { tags: string; best: string }>();
  for (const [id, model] of published)
    for (const [picture, x] of features.entries()) {
      const { tags, best } = reference.tags(x, model, top);
      expected.set(`${id} ${String(picture)}`, { tags: textOf(tags), best: textOf(best) });
    }
  const wrong: string[] = [];
  const named = new Map<string, number>();
  for (const id of workload.acknowledged.keys()) {
    const picture = String(numberOf(id) % pictures);
    const row = (await client.photo(id)).result;
    const results = client.results.get(id) ?? [];
    for (const [result, field] of [[row, 'tags'] as const, ...results.map((one) => [one, 'best'] as const)]) {
      if (result === undefined || !('model' in result)) {
        wrong.push(`${id} has no tags`);
        continue;
      }
      const known = expected.get(`${result.model} ${picture}`);
      named.set(result.model, (named.get(result.model) ?? 0) + 1);
      // Photos that were under way before the first swap name the model of a fresh cluster.
      if (known !== undefined && textOf(result.tags) !== known[field])
        wrong.push(`${id}: ${textOf(result.tags)} is not ${known[field]} of ${result.model.slice(0, 12)}`);
    }
  }
  const unused = [...published.keys()].filter((id) => !named.has(id));
  return [
    ...wrong.slice(0, 10),
    ...(unused.length === 0 ? [] : [`${String(unused.length)} models were named by no result`]),
  ];
}

function textOf(tags: readonly ScoredTag[]): string {
  return tags.map(({ tag, score }) => `${tag}=${String(score)}`).join(' ');
}
