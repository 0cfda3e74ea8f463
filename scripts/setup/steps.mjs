/**
 * One step of the set-up.
 * @typedef {object} Step
 * @property {string} title what is got ready
 * @property {string} advice what a person can do when it fails
 * @property {(note: (doing: string) => void) => Promise<string | undefined>} run
 *   gets it ready; returns what was done, or undefined if all was up to date
 */

const blank = '\r\u001b[2K';

/** Writes a line for each step; on a terminal, the line of the running step counts its seconds. */
export class Progress {
  #stream;
  #timer;

  constructor(stream) {
    this.#stream = stream;
  }

  /** Shows what a step is doing until {@link done} or {@link fail}. */
  start(title, doing) {
    this.#clear();
    const begun = performance.now();
    if (!this.#stream.isTTY) return this.#stream.write(`  … ${title}: ${doing}\n`);
    const show = () =>
      this.#stream.write(`${blank}  … ${title}: ${doing} (${seconds(performance.now() - begun)})`);
    show();
    this.#timer = setInterval(show, 1000);
    return undefined;
  }

  done(title, what, elapsedMs) {
    this.#clear();
    const took = elapsedMs < 100 ? '' : ` (${seconds(elapsedMs)})`;
    this.#stream.write(`  ✓ ${title}: ${what ?? 'up to date'}${took}\n`);
  }

  fail(title, error, advice) {
    this.#clear();
    const reason = error instanceof Error ? error.message : String(error);
    this.#stream.write(`  ✗ ${title}: ${reason}\n${advice === '' ? '' : `    ${advice}\n`}`);
  }

  note(line) {
    this.#clear();
    this.#stream.write(`  ${line}\n`);
  }

  #clear() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write(blank);
  }
}

/**
 * Runs steps one after the other, up to the first that fails.
 * @param {Step[]} steps
 * @param {Progress} progress
 * @returns {Promise<boolean>} whether all succeeded
 */
export async function runSteps(steps, progress) {
  for (const { title, advice, run } of steps) {
    const begun = performance.now();
    try {
      const what = await run((doing) => progress.start(title, doing));
      progress.done(title, what, performance.now() - begun);
    } catch (error) {
      progress.fail(title, error, advice);
      return false;
    }
  }
  return true;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
