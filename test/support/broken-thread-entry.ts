// A worker thread that cannot start: it throws, or hangs, before it takes any photo.
import { workerData } from 'node:worker_threads';
import type { ParameterFile } from '../../src/vision/parameter-file.ts';

const { parameters } = workerData as { parameters: ParameterFile };
if (parameters.steps.length === 0) throw new Error('there are no parameters');

/** Never resolves: the pool waits for a handler. */
export default new Promise(() => undefined);
