import { z } from 'zod';
import type { BlobRef } from '../../model/blob-store.ts';
import { checkEvaluation } from '../evaluation.ts';
import { Fault } from '../../base/errors.ts';
import { reportHtml } from '../report/report.ts';
import type { Task } from '../task.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';

const schema = z.strictObject({
  title: z.string(),
  created: z.string(),
  facts: z.array(z.tuple([z.string(), z.string()])),
  join: z.array(z.strictObject({ what: z.string(), count: z.number() })),
  steps: z.array(z.strictObject({ name: z.string(), seconds: z.number() })),
});

/** The report of a training run as one page: input the evaluation, output the page. */
export const report: TaskHandler = async (task, { blobs }) => {
  const parameters = parametersOf(task, schema);
  const evaluation = checkEvaluation(JSON.parse((await blobs.read(inputOf(task, 0).id)).toString('utf8')));
  if (typeof evaluation === 'string') throw new Fault('INTERNAL', { reason: evaluation });
  const page = reportHtml({ ...parameters, evaluation });
  return { outputs: [await blobs.put([Buffer.from(page, 'utf8')])], value: null };
};

/** The task that makes the report. */
export function reportTask(evaluation: BlobRef, parameters: z.infer<typeof schema>): Task {
  return { kind: 'report', key: 'finish/report', parameters, inputs: [evaluation] };
}
