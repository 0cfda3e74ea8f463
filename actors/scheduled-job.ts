import type { ModelRegistry } from '../src/transport/model-registry.ts';
import type { RunSpec, ScheduledJob } from '../src/transport/run-spec.ts';

/**
 * What a run is told when a schedule begins it: the latest model by its id, so that a run that is begun again goes on with the same one.
 * @throws Fault `NATS_UNREACHABLE`, `OBJECT_DAMAGED`
 */
export async function runOfJob(job: ScheduledJob, registry: Pick<ModelRegistry, 'list'>): Promise<RunSpec> {
  if (job.kind !== 'train') return job;
  const { update, ...rest } = job;
  const model = update === 'latest' ? await latest(registry, job.name) : update;
  return { ...rest, ...(model === undefined ? {} : { update: model }) };
}

async function latest(
  registry: Pick<ModelRegistry, 'list'>,
  name: string | undefined,
): Promise<string | undefined> {
  const models = await registry.list();
  const isOne = ({ kind, blocks }: (typeof models)[number]) =>
    kind === 'trained' && (name === undefined || blocks.some((block) => block.name === name));
  return models.findLast(isOne)?.id;
}
