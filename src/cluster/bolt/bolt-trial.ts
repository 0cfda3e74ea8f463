import type { BoltOutput, BoltTuple } from '../../transport/bolt-tuple.ts';
import { BoltProcess, type BoltProcessOptions } from './bolt-process.ts';

/** What is tried, and with which photo. */
export interface BoltTrial extends Omit<BoltProcessOptions, 'index' | 'ending'> {
  readonly photo: Uint8Array;
}

const sample: BoltTuple = {
  id: 'trial',
  file: 'trial.jpg',
  model: 'trial',
  tags: [{ tag: 'trial', score: 0.9 }],
  attributes: {},
};

/**
 * Starts a bolt, has it process one photo, and ends it.
 * @returns what it adds to the photo
 * @throws Fault `BOLT_START`, `BOLT_FAILED`, `BOLT_DIED`, `BOLT_DEADLINE`, `BOLT_FLOODED`, `BOLT_MEMORY`
 */
export async function tryBolt({ photo, ...trial }: BoltTrial): Promise<BoltOutput> {
  const process = await BoltProcess.start({ ...trial, index: 0 });
  try {
    const output = await process.process(sample, photo);
    await process.checkMemory();
    return output;
  } finally {
    await process.stop();
  }
}
