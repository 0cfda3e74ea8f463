import { open } from 'node:fs/promises';
import { Fault, reasonOf } from '../../base/errors.ts';

/** A photo, or a part of the input, that a run has no tags for; plain data. */
export interface Failure {
  /** Unless it is not known which photo it is. */
  readonly id?: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly code: string;
  readonly message: string;
}

/** Some failures in their order. */
export interface FailurePage {
  readonly failures: readonly Failure[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: number;
}

const pageBytes = 128 * 1024;

/** Failures as lines of JSON. */
export function failureLines(failures: readonly Failure[]): Buffer {
  return Buffer.from(failures.map((failure) => `${JSON.stringify(failure)}\n`).join(''), 'utf8');
}

/**
 * A page of failures, some hundreds.
 * @param after - `next` of the page before; 0 at the beginning
 * @throws Fault `FILE_READ`; none for a file that is not there
 */
export async function readFailures(file: string, after: number): Promise<FailurePage> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(pageBytes), 0, pageBytes, after);
      // The last line may be in the middle of being written.
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      const lines = buffer.toString('utf8', 0, end).split('\n').slice(0, -1);
      const failures = lines.map((line) => JSON.parse(line) as Failure);
      return { failures, ...(bytesRead === pageBytes && end > 0 ? { next: after + end } : {}) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { failures: [] };
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}
