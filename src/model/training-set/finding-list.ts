import type { Findings } from './join-report.ts';

/** Examples that are kept of each kind of finding. */
export const maxExamples = 20;

/** Counts findings, and keeps the first. */
export class FindingList<T> implements Findings<T> {
  readonly examples: T[] = [];
  count = 0;

  add(finding: T): void {
    this.count += 1;
    if (this.examples.length < maxExamples) this.examples.push(finding);
  }

  /** Plain data. */
  toFindings(): Findings<T> {
    return { count: this.count, examples: this.examples };
  }
}
