import { expect, test } from 'vitest';
import { trainingUnderChaos } from './training.ts';

// A short run of what `npm run chaos -- --only training` runs at length; a failure names its seed.
const seed = Number(process.env['AUTOTAG_CHAOS_SEED'] ?? Date.now() % 1_000_000);

test('training comes to the same bits, whatever is killed meanwhile, and however often it is cancelled', async () => {
  const report = await trainingUnderChaos({ photos: 48, kills: 4, others: ['cancelled and resumed'] }, seed);
  expect(report.violations, JSON.stringify(report)).toEqual([]);
}, 300_000);
