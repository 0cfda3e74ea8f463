import { InvalidArgumentError, type Command } from 'commander';
import { Fault } from '../base/errors.ts';
import type { PruneSpec } from '../transport/run-spec.ts';
import { wholeNumber } from './command.ts';

/** What a pruning run can be told on the command line. */
export interface PruneOptions {
  /** Ages, ms. */
  readonly dead?: number;
  readonly runs?: number;
  readonly models?: number;
  readonly dryRun?: boolean;
}

const hourMs = 3_600_000;
const unitsMs: Readonly<Record<string, number>> = { h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs };

/** Adds the options of {@link pruneSpecOf}. */
export function prunable(command: Command): Command {
  return command
    .option('--dead <age>', 'dead letters that have lain for longer: 30d, 12h, 2w', age)
    .option(
      '--models <n>',
      'models but the last n; what is in use, was before, or can be trained on stays as well',
      wholeNumber(1, 10_000),
    )
    .option('--runs <age>', 'runs that ended longer ago, which cannot be resumed then: 30d, 12h, 2w', age)
    .option('--dry-run', 'says what it would remove, and removes nothing');
}

/**
 * What a pruning run is told.
 * @throws Fault `USAGE`
 */
export function pruneSpecOf({ dead, models, runs, dryRun = false }: PruneOptions): PruneSpec {
  if ((dead ?? models ?? runs) === undefined)
    throw new Fault('USAGE', { reason: 'Say what is to be removed: --dead AGE, --models N, --runs AGE.' });
  return {
    ...{ kind: 'prune', dryRun },
    ...(dead === undefined ? {} : { deadAfterMs: dead }),
    ...(models === undefined ? {} : { keepModels: models }),
    ...(runs === undefined ? {} : { runsAfterMs: runs }),
  };
}

function age(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (unitMs !== undefined) return Number(count) * unitMs;
  throw new InvalidArgumentError('Give a whole number of hours, days or weeks, such as 12h, 30d or 2w.');
}
