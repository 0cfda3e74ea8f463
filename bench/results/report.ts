import { table } from '../../src/terminal/table.ts';
import type { Figure } from './part.ts';
import type { Summary } from './run-folder.ts';

interface Line {
  readonly figure: string;
  readonly value: number;
  readonly goal: Goal | undefined;
}

/** What a figure has to reach. */
interface Goal {
  readonly text: string;
  readonly reached: (value: number) => boolean;
}

const atLeast = (limit: number): Goal => ({ text: `≥ ${String(limit)}`, reached: (value) => value >= limit });
const below = (limit: number): Goal => ({ text: `< ${String(limit)}`, reached: (value) => value < limit });
const within = (limit: number): Goal => ({
  text: `± ${String(limit)}`,
  reached: (value) => Math.abs(value) <= limit,
});

const goals: Readonly<Record<string, Goal>> = {
  pipeline_over_bare: atLeast(0.9),
  batch_over_bare: atLeast(0.9),
  batch_killed_identical: atLeast(1),
  rescore_photos_per_s_core_1000: atLeast(5_000),
  live_p95_backlog_over_idle: below(2),
  kernel_over_onnxruntime_web: atLeast(1.5),
  cosine_min: atLeast(0.99),
  model_load_share: below(0.001),
  matrices_per_worker: below(0.25),
  'coordination_photos_per_s 1KB': atLeast(3_000),
  'search_p95_ms embedded': below(50),
  'search_p95_ms postgres': below(50),
  train_speedup_over_liblinear: atLeast(5),
  train_map_minus_liblinear: atLeast(-0.3),
  train_3000_classes_hours: below(1),
  train_peak_rss_mib: below(1_536),
  train_update_map_minus_full: atLeast(-0.5),
  train_ece: below(0.03),
  'train_precision_minus_asked 0.8': within(3),
  'train_precision_minus_asked 0.5': within(3),
};

/** The summary as a table for people, with what each figure has to reach. */
export function report(summary: Summary): string {
  const lines = Object.entries(summary).flatMap(([name, figure]) => linesOf(name, figure));
  return table<Line>(
    [
      { head: 'figure', cell: ({ figure }) => figure },
      { head: 'value', cell: ({ value }) => Number(value.toPrecision(4)), align: 'right' },
      { head: 'goal', cell: ({ goal }) => goal?.text ?? '', align: 'right' },
      { head: '', cell: ({ value, goal }) => verdict(value, goal) },
    ],
    lines,
  );
}

function linesOf(name: string, figure: Figure): Line[] {
  if (typeof figure === 'number') return [{ figure: name, value: figure, goal: goals[name] }];
  return Object.entries(figure).flatMap(([of, value]) => linesOf(`${name} ${of}`, value));
}

function verdict(value: number, goal: Goal | undefined): string {
  if (goal === undefined) return '';
  return goal.reached(value) ? 'reached' : 'missed';
}
