import { Fault } from '../src/base/errors.ts';
import { z } from 'zod';
import type { InputProblem } from '../src/model/training-set/input-problem.ts';
import type { PhotoProblem } from '../src/train/feature-rows.ts';
import type { Json } from '../src/train/task.ts';

const examplesKept = 20;
const known = z.record(z.string(), z.object({ count: z.int(), examples: z.array(z.string()) }));

/** What of a run's input was left out: how often, and some examples of each. */
export class InputProblems {
  readonly #strict: boolean;
  readonly #found = new Map<string, { count: number; readonly examples: string[] }>();
  #first: string | undefined;

  /**
   * @param strict - whether the first problem is to end the run
   * @param before - {@link InputProblems.toJson} of an earlier part of the run
   */
  constructor(strict: boolean, before: Json = {}) {
    this.#strict = strict;
    for (const [code, found] of Object.entries(known.parse(before))) this.#found.set(code, found);
  }

  /** A part of a file that was left out. */
  readonly addInput = ({ code, file, line, reason }: InputProblem): void => {
    this.#add(code, `${file}${line === undefined ? '' : `, line ${String(line)}`} ${reason}`);
  };

  /** A photo that could not be described. */
  readonly addPhoto = ({ id, code, message }: PhotoProblem): void => {
    this.#add(code, `${id}: ${message}`);
  };

  /**
   * Ends a strict run that has a problem.
   * @throws Fault `INPUT_PROBLEMS`
   */
  check(): void {
    if (this.#strict && this.#first !== undefined) throw new Fault('INPUT_PROBLEMS', { first: this.#first });
  }

  toJson(): Json {
    return Object.fromEntries(
      Array.from(this.#found, ([code, { count, examples }]) => [code, { count, examples: [...examples] }]),
    );
  }

  #add(code: string, example: string): void {
    const known = this.#found.get(code) ?? { count: 0, examples: [] };
    known.count += 1;
    if (known.examples.length < examplesKept) known.examples.push(example.slice(0, 500));
    this.#found.set(code, known);
    this.#first ??= example.slice(0, 500);
  }
}
