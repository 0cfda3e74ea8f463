import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

/** The machine, as far as figures depend on it and without saying whose it is. */
export const host = {
  name: `${platform()}-${arch()}-${String(availableParallelism())}cpu`,
  cpu: cpus()[0]?.model ?? 'unknown',
  threads: availableParallelism(),
  memoryGib: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
} as const;
