import { randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Fault, reasonOf } from '../src/base/errors.ts';
import type { PhotoSource } from '../src/model/tagging/photo-input.ts';
import {
  readCheckpoint,
  type TaggingCheckpoint,
  type TaggingPlan,
} from '../src/model/tagging/tagging-journal.ts';
import type { Activations } from '../src/transport/activations.ts';
import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { TagSpec } from '../src/transport/run-spec.ts';
import type { RunContext } from './run-coordinator.ts';
import type { RunFolders } from './run-folders.ts';

/** What a plan is made of. */
export interface PlanServices {
  readonly registry: ModelRegistry;
  readonly activations: Activations;
  readonly folders: RunFolders;
}

/**
 * Settles what a run that begins tags, and with what: it stays so until its end, whatever is put in use meanwhile.
 * @throws Fault `FILE_READ`; `FILE_WRITE` if there are results already; `NOT_FOUND` for a model, or the run that is tried again
 */
export async function planTagging(
  { run, tasks }: Pick<RunContext, 'run' | 'tasks'>,
  spec: TagSpec,
  services: PlanServices,
): Promise<TaggingPlan> {
  const { out, overwrite, retryOf } = spec;
  if (!overwrite && (await stat(out).catch(() => undefined)) !== undefined)
    throw new Fault('FILE_WRITE', { file: out, reason: 'it is there already; choose another name' });
  const earlier = retryOf === undefined ? undefined : await checkpointOf(retryOf, services.folders);
  return {
    sources: await sourcesOf(spec),
    model: await modelOf(spec, services),
    // The earlier run's hashes have to fit.
    seed: earlier?.plan.seed ?? randomInt(2 ** 32),
    parallelism: tasks.parallelism,
    partial: `${out}.${run.id}.partial`,
  };
}

/**
 * How far a run is that shall be tried again.
 * @throws Fault `NOT_FOUND`
 */
export async function checkpointOf(run: string, folders: RunFolders): Promise<TaggingCheckpoint> {
  const found = await readCheckpoint(folders.of(run));
  if (found === undefined)
    throw new Fault('NOT_FOUND', { what: 'record, on this node, of the run', id: run });
  return found;
}

async function sourcesOf({ pixels, lists, folders }: TagSpec): Promise<PhotoSource[]> {
  const ofFiles = (kind: 'pixels' | 'list', files: readonly string[]) =>
    Promise.all(files.map(async (file) => ({ kind, file, bytes: await sizeOf(file) })));
  return [
    ...(await ofFiles('pixels', pixels)),
    ...folders.map((folder) => ({ kind: 'folder' as const, folder })),
    ...(await ofFiles('list', lists)),
  ];
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

async function modelOf({ model }: TagSpec, { registry, activations }: PlanServices): Promise<string> {
  if (model !== undefined) return (await registry.find(model)).id;
  const inUse = await activations.current();
  if (inUse === undefined) throw new Fault('NOT_FOUND', { what: 'model', id: 'that is active' });
  return inUse.model;
}
