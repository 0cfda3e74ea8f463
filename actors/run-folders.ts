import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readFailures, type FailurePage } from '../src/model/tagging/failures.ts';
import { failuresFile, removeJournal } from '../src/model/tagging/tagging-journal.ts';

/** Where a node keeps what runs have done that is in no blob: a folder a run. */
export class RunFolders {
  readonly #folder: string;

  /** @param data - the data folder of the node */
  constructor(data: string) {
    this.#folder = join(data, 'runs');
  }

  /** The folder of a run, there or not; its id is one that a request may name. */
  of(run: string): string {
    return join(this.#folder, run);
  }

  /** A page of what a run has no tags for; none of a run that keeps no failures. */
  async failures(
    run: string,
    after: number,
  ): Promise<FailurePage & { failures: FailurePage['failures'][number][] }> {
    const { failures, ...next } = await readFailures(failuresFile(this.of(run)), after);
    return { failures: [...failures], ...next };
  }

  /** Removes the folders of runs that nobody remembers. */
  async sweep(remembered: ReadonlySet<string>): Promise<void> {
    for (const run of await readdir(this.#folder).catch(() => []))
      if (!remembered.has(run)) await removeJournal(this.of(run));
  }
}
