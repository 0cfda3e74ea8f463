import type { ClassEvaluation, Evaluation } from '../evaluation.ts';
import type { Plot } from './svg.ts';

const width = 560;
const height = 340;
const apBins = 20;
/** More points than this would cover each other. */
const pointLimit = 2000;
const pairLimit = 15;
const longestName = 26;

const ink = 'var(--ink)';
const muted = 'var(--muted)';
const line = 'var(--line)';
const accent = 'var(--accent)';
const contrast = 'var(--contrast)';

const labels = { color: muted, fontSize: 12 };
const axis = {
  nameLocation: 'middle',
  nameTextStyle: { color: ink, fontSize: 13 },
  axisLabel: labels,
  axisLine: { show: true, lineStyle: { color: line } },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: line, opacity: 0.6 } },
};
const across = { ...axis, type: 'value', nameGap: 30 };
const up = { ...axis, type: 'value', nameGap: 44 };
const grid = { left: 64, right: 20, top: 16, bottom: 52 };
const unit = { min: 0, max: 1 };

/** How many classes have which average precision. */
export function averagePrecisionPlot({ classes }: Evaluation): Plot {
  const counts = new Array<number>(apBins).fill(0);
  for (const { averagePrecision } of classes) {
    if (averagePrecision === null) continue;
    const bin = Math.min(Math.floor(averagePrecision * apBins), apBins - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return {
    key: 'distribution',
    width,
    height,
    option: {
      grid,
      xAxis: { ...across, ...unit, name: 'average precision' },
      yAxis: { ...up, name: 'classes', minInterval: 1 },
      series: {
        type: 'bar',
        data: counts.map((count, bin) => [(bin + 0.5) / apBins, count]),
        barWidth: (0.88 * (width - grid.left - grid.right)) / apBins,
        itemStyle: { color: accent, borderRadius: [2, 2, 0, 0] },
      },
    },
  };
}

/** Average precision by how many held-out photos a class has. */
export function positivesPlot({ classes }: Evaluation): Plot {
  const points = sampled(classes).flatMap(({ positives, averagePrecision }) =>
    averagePrecision === null || positives === 0 ? [] : [[positives, averagePrecision]],
  );
  return {
    key: 'positives',
    width,
    height,
    option: {
      grid,
      xAxis: { ...across, type: 'log', name: 'held-out photos of the class' },
      yAxis: { ...up, ...unit, name: 'average precision' },
      series: scatter(points),
    },
  };
}

/** What scores say, and what was right. */
export function reliabilityPlot({ reliability }: Evaluation): Plot {
  return {
    key: 'reliability',
    width,
    height,
    option: {
      grid,
      xAxis: { ...across, ...unit, name: 'mean score of the tags' },
      yAxis: { ...up, ...unit, name: 'share that is right' },
      series: [
        {
          type: 'line',
          data: [
            [0, 0],
            [1, 1],
          ],
          symbol: 'none',
          lineStyle: { color: muted, type: 'dashed', width: 1.5 },
        },
        {
          type: 'line',
          data: reliability.map(({ score, right }) => [score, right]),
          symbol: 'circle',
          symbolSize: 8,
          lineStyle: { color: accent, width: 2 },
          itemStyle: { color: accent },
        },
      ],
    },
  };
}

/** What each class shows at its threshold, and how much of what there is. */
export function thresholdPlot({ classes, statedPrecision }: Evaluation): Plot {
  const points = sampled(classes).flatMap(({ precision, recall }) =>
    precision === null || recall === null ? [] : [[recall, precision]],
  );
  return {
    key: 'threshold',
    width,
    height,
    option: {
      grid,
      xAxis: { ...across, ...unit, name: 'recall' },
      yAxis: { ...up, ...unit, name: 'precision' },
      series: {
        ...scatter(points),
        markLine: {
          silent: true,
          symbol: 'none',
          data: [{ yAxis: statedPrecision }],
          label: {
            formatter: `asked for: ${statedPrecision.toFixed(2)}`,
            position: 'insideStartBottom',
            color: contrast,
            fontSize: 12,
          },
          lineStyle: { color: contrast, type: 'dashed', width: 1.5 },
        },
      },
    },
  };
}

/** Which tags are taken for which. */
export function confusionPlot({ confusions }: Evaluation): Plot {
  const pairs = confusions.slice(0, pairLimit).reverse();
  const rowHeight = 26;
  return {
    key: 'confusion',
    width: 1160,
    height: rowHeight * pairs.length + 24,
    option: {
      grid: { left: 400, right: 56, top: 4, bottom: 8 },
      xAxis: { ...across, show: false },
      yAxis: {
        ...up,
        type: 'category',
        data: pairs.map(({ shown, right }) => `${short(shown)}  instead of  ${short(right)}`),
        axisLine: { show: false },
        axisLabel: { color: ink, fontSize: 14, interval: 0 },
      },
      series: {
        type: 'bar',
        data: pairs.map(({ photos }) => photos),
        barWidth: 14,
        itemStyle: { color: contrast, borderRadius: [0, 2, 2, 0] },
        label: { show: true, position: 'right', color: muted, fontSize: 13 },
      },
    },
  };
}

function scatter(points: readonly (readonly number[])[]) {
  return {
    type: 'scatter',
    data: points,
    symbolSize: points.length > 400 ? 5 : 8,
    itemStyle: { color: accent, opacity: points.length > 400 ? 0.4 : 0.65 },
  };
}

function sampled(classes: readonly ClassEvaluation[]): readonly ClassEvaluation[] {
  const stride = Math.ceil(classes.length / pointLimit);
  return stride <= 1 ? classes : classes.filter((_, index) => index % stride === 0);
}

function short(name: string): string {
  const characters = Array.from(name);
  return characters.length <= longestName ? name : `${characters.slice(0, longestName - 1).join('')}…`;
}
