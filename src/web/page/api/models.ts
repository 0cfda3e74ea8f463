import { addressOf, call, path } from './call.ts';
import type { Model, ModelDiff, Models } from './types.ts';

/** Every model. @throws ApiError */
export function listModels(signal?: AbortSignal): Promise<Models> {
  return call('models', { signal });
}

/** Which classes gained and lost from one model to the other. @throws ApiError */
export function compareModels(before: string, after: string, signal?: AbortSignal): Promise<ModelDiff> {
  return call(path`models/${before}/diff/${after}`, { signal });
}

/** Puts a model in use, if it is not worse than the one in use. @throws ApiError */
export async function activateModel({ id }: Model): Promise<void> {
  await call(path`models/${id}/activate`, { method: 'POST', body: {} });
}

/** Puts the model before in use again; its id. @throws ApiError */
export async function rollBackModel(): Promise<string> {
  const { model } = await call<{ model: string }>('models/rollback', { method: 'POST' });
  return model;
}

/** Where the report of a model's evaluation is. */
export function reportAddress({ id }: Model): string {
  return addressOf(path`models/${id}/report`);
}
