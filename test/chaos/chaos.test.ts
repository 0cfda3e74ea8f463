import { describe, expect, test } from 'vitest';
import { runScenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

// Short runs of what `npm run chaos` runs at length; a failure names its seed.
const seed = Number(process.env['AUTOTAG_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const short = scenarios({ photos: 150, rate: 60, kills: 12, swaps: 4, times: 1, quick: true });

describe.concurrent('under chaos', () => {
  test.each(['all', 'cluster', 'rebalance', 'swaps'])(
    '%s: every acknowledged photo has one row or is a dead letter',
    async (name) => {
      const report = await runScenario(await short[name]!(), seed);
      expect(report.violations, JSON.stringify(report)).toEqual([]);
      expect(report).toMatchObject({ lost: 0, rows: report.acknowledged - report.dead });
    },
    180_000,
  );
});
