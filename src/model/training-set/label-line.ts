import { nameProblem } from '../../base/ids.ts';
import type { InputProblemCode, OnInputProblem } from './input-problem.ts';
import { readLines } from './line-reader.ts';
import { textOf } from './utf8-text.ts';

/** The longest line of label data, in bytes; two names and a word take far less. */
export const maxLabelLineBytes = 65_536;

/**
 * Finds the lines of label data that cannot be used.
 * @throws Fault `FILE_READ`; the signal's reason
 */
export async function inspectLabelFile(
  file: string,
  onProblem: OnInputProblem,
  signal?: AbortSignal,
): Promise<void> {
  for await (const lines of readLines(file, maxLabelLineBytes)) {
    signal?.throwIfAborted();
    for (const { number, bytes, problem } of lines) {
      if (problem !== undefined) {
        onProblem(problem);
        continue;
      }
      const found = problemOf(bytes);
      if (found !== undefined) onProblem({ code: found[0], file, line: number, reason: found[1] });
    }
  }
}

function problemOf(bytes: Buffer): [InputProblemCode, string] | undefined {
  const line = textOf(bytes);
  if (line === undefined) return ['encoding', 'is not UTF-8'];
  const fields = line.split('\t', 4);
  const [className = '', photo = '', truth = ''] = fields;
  if (fields.length !== 3) return ['fields', 'does not have three fields with tabs between them'];
  const classProblem = nameProblem(className);
  if (classProblem !== undefined) return ['class', `has a class name that ${classProblem}`];
  const photoProblem = nameProblem(photo);
  if (photoProblem !== undefined) return ['photo-id', `has a photo id that ${photoProblem}`];
  if (truth !== 'TRUE' && truth !== 'FALSE') return ['boolean', 'ends with neither TRUE nor FALSE'];
  return undefined;
}
