import Table from 'cli-table3';
import type { ScenarioReport } from './scenario.ts';

/** Reports, a row each, for a terminal. */
export function tableOf(reports: readonly ScenarioReport[]): string {
  const table = new Table({ head: [...headings, 'MiB before, after'], style: { head: [], border: [] } });
  for (const report of reports) table.push([...cellsOf(report, '\n'), report.residentMib.join(', ')]);
  return table.toString();
}

/** The same as a table in Markdown, with a row of sums where there are several. */
export function markdownOf(reports: readonly ScenarioReport[]): string {
  const rows = reports.map((report) => cellsOf(report, ', '));
  if (reports.length > 1) rows.push(sumsOf(reports));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

const headings = [
  ...['scenario', 'seed', 'faults', 'acknowledged', 'stored', 'dead (poison)', 'lost', 'doubled'],
  ...['kernel runs a photo', 'n: median, worst', 'held'],
];

function cellsOf(report: ScenarioReport, separator: string): string[] {
  const { name, seed, faults, acknowledged, rows, dead, poison, lost, doubled } = report;
  return [
    name,
    String(seed),
    listOf(faults, separator),
    String(acknowledged),
    String(rows),
    `${String(dead)} (${String(poison)})`,
    String(lost),
    String(doubled),
    String(report.kernelRunsPerPhoto),
    Object.entries(report.figures)
      .map(([what, { n, median, worst }]) => `${what} ${String(n)}: ${String(median)}, ${String(worst)}`)
      .join(separator),
    report.violations.length === 0 ? 'yes' : 'NO',
  ];
}

function sumsOf(reports: readonly ScenarioReport[]): string[] {
  const sum = (of: (report: ScenarioReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const faults: Record<string, number> = {};
  for (const report of reports)
    for (const [name, count] of Object.entries(report.faults)) faults[name] = (faults[name] ?? 0) + count;
  const acknowledged = sum((report) => report.acknowledged);
  const runs = sum(({ kernelRuns }) => kernelRuns) / acknowledged;
  const bad = reports.filter(({ violations }) => violations.length > 0).length;
  return [
    'all',
    `${String(reports.length)} runs`,
    listOf(faults, ', '),
    String(acknowledged),
    String(sum(({ rows }) => rows)),
    `${String(sum(({ dead }) => dead))} (${String(sum(({ poison }) => poison))})`,
    String(sum(({ lost }) => lost)),
    String(sum(({ doubled }) => doubled)),
    String(Math.round(runs * 10_000) / 10_000),
    '',
    bad === 0 ? 'yes' : `${String(bad)} did NOT`,
  ];
}

function listOf(faults: Readonly<Record<string, number>>, separator: string): string {
  return Object.entries(faults)
    .map(([name, count]) => `${String(count)} ${name}`)
    .join(separator);
}
