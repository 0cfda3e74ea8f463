import { join } from 'node:path';
import { readModel } from '../../src/model/model-file.ts';
import { quantiseModel } from '../../src/model/quantised-model.ts';
import { writeModel, type ModelContents } from '../../src/model/model-writer.ts';
import { PublishedModel } from '../../src/pool/published-model.ts';
import type { Lite0Reference } from './lite0-reference.ts';
import { temporaryFolder } from './model.ts';

/** A model as nodes have it after its activation. */
export async function publishedModel(
  contents: ModelContents,
  { extractors }: Pick<Lite0Reference, 'extractors'>,
  activation = 1,
): Promise<PublishedModel> {
  const folder = await temporaryFolder();
  try {
    const file = join(folder.path, 'test.model');
    await writeModel(file, contents);
    return new PublishedModel(await quantiseModel(await readModel(file)), activation, extractors);
  } finally {
    await folder.remove();
  }
}
