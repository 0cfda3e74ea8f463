import { expect, test } from 'vitest';
import { runScenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

const seed = Number(process.env['AUTOTAG_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const nodes = 3;
const sizes = { photos: 0, rate: 10, kills: 0, swaps: 0, times: nodes, quick: true };

test('with PostgreSQL, the others finish the photos of any node that is killed, and answer searches', async () => {
  const report = await runScenario(await scenarios(sizes)['postgres']!(), seed);
  expect(report.violations, JSON.stringify(report)).toEqual([]);
  expect(report).toMatchObject({
    faults: { 'nodes killed': nodes },
    lost: 0,
    doubled: 0,
    rows: report.acknowledged,
    figures: {
      'all photos of a killed node have their rows, ms': { n: nodes },
      'a search is answered, ms': { n: nodes },
    },
  });
}, 420_000);
