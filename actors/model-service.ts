import { open } from 'node:fs/promises';
import { Fault, reasonOf } from '../src/base/errors.ts';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import { readModel } from '../src/model/model-file.ts';
import type { ModelLibrary } from '../src/model/model-library.ts';
import type { Activations } from '../src/transport/activations.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { ModelActivator } from './model-activator.ts';
import type { ModelComparison } from './model-comparison.ts';
import { metadataOf } from './model-metadata.ts';
import { removeModel } from './model-removal.ts';
import type { ModelUploads } from './model-uploads.ts';

/** What the model service works with. */
export interface ModelServiceOptions {
  readonly node: string;
  readonly registry: ModelRegistry;
  readonly activations: Activations;
  readonly library: ModelLibrary;
  readonly activator: ModelActivator;
  readonly comparison: ModelComparison;
  readonly uploads: ModelUploads;
}

/** What an answer holds of a model file at most. */
const partBytes = 512 * 1024;

/** The registry of models: list, show, compare, activate, roll back, remove, import, export. */
export function modelService(options: ModelServiceOptions): readonly Endpoint[] {
  const { node, registry, activations, activator, comparison } = options;
  return [
    endpoint('modelList', {}, async () => {
      const [models, active] = await Promise.all([registry.list(), activations.current()]);
      return { models, ...(active === undefined ? {} : { active }) };
    }),
    endpoint('modelShow', {}, async ({ model: prefix }) => {
      const [model, active] = await Promise.all([registry.find(prefix), activations.current()]);
      return { model, active: active?.model === model.id };
    }),
    endpoint('modelDiff', {}, async ({ before, after }) => {
      const [left, right] = [await registry.find(before), await registry.find(after)];
      const { gained, lost, thresholds, added, removed, common } = await comparison.diff(left.id, right.id);
      return {
        before: left.id,
        after: right.id,
        common,
        gained: [...gained],
        lost: [...lost],
        thresholds: [...thresholds],
        added: [...added],
        removed: [...removed],
      };
    }),
    endpoint('modelActivate', {}, async (wish) => {
      const { activation, dropped } = await activator.activate(wish);
      return { ...activation, dropped: [...dropped] };
    }),
    endpoint('modelRollback', {}, () => activator.rollback()),
    endpoint('modelRemove', {}, ({ model }) => remove(options, model)),
    endpoint(
      'modelReport',
      {},
      async ({ model: prefix }) => {
        const { id } = await registry.find(prefix);
        const html = await registry.document(id, 'report');
        if (html === undefined) throw new Fault('NOT_FOUND', { what: 'report of the model', id });
        return { model: id, html };
      },
      { unaudited: true },
    ),
    endpoint(
      'modelExport',
      {},
      async ({ model: prefix, offset }) => {
        const { id, bytes } = await registry.find(prefix);
        return { model: id, total: bytes, part: await partOf(options.library, id, offset) };
      },
      { unaudited: true },
    ),
    endpoint('modelImport', {}, async ({ bytes }) => {
      return { node, upload: await options.uploads.begin(bytes) };
    }),
    // On record since the import began; the parts are many.
    endpoint(
      'modelUpload',
      { node },
      async ({ upload, offset, part }) => {
        const file = await options.uploads.write(upload, offset, part);
        return file === undefined ? {} : { model: await takeIn(options, upload, file) };
      },
      { unaudited: true },
    ),
  ];
}

async function remove(options: ModelServiceOptions, prefix: string) {
  const { id } = await options.registry.find(prefix);
  await removeModel(options, id);
  return { removed: id };
}

async function partOf(library: ModelLibrary, id: string, offset: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await library.file(id);
  try {
    const handle = await open(file);
    try {
      const part = new Uint8Array(partBytes);
      const { bytesRead } = await handle.read(part, 0, partBytes, offset);
      return part.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

/** Publishes a file that was uploaded, once all of it has been read and checked. */
async function takeIn(
  { registry, library, uploads }: ModelServiceOptions,
  upload: string,
  file: string,
): Promise<string> {
  try {
    const { id, header } = await readModel(file);
    await registry.publish({ file, metadata: metadataOf(header, { kind: 'imported' }) });
    await library.adopt(file, id);
    return id;
  } finally {
    await uploads.discard(upload);
  }
}
