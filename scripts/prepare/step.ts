/** One step of the set-up; `scripts/setup/steps.mjs` runs it and shows its progress. */
export interface SetupStep {
  /** What is got ready. */
  readonly title: string;
  /** What a person can do when it fails. */
  readonly advice: string;
  /**
   * Gets it ready.
   * @param note - told what is being done, once it is clear that something must be
   * @returns what was done, or `undefined` if all was up to date
   */
  readonly run: (note: (doing: string) => void) => Promise<string | undefined>;
}
