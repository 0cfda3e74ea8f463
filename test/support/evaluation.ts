import type { Evaluation } from '../../src/train/evaluation.ts';

/** An evaluation with these average precisions; thresholds are 0.5 where not given. */
export function evaluationOf(
  averagePrecisions: Readonly<Record<string, number | null>>,
  thresholds: Readonly<Record<string, number>> = {},
): Evaluation {
  const entries = Object.entries(averagePrecisions);
  return {
    version: 1,
    photos: 100,
    classes: entries.map(([name, averagePrecision]) => ({
      name,
      positives: 10,
      negatives: 90,
      averagePrecision,
      threshold: Object.hasOwn(thresholds, name) ? (thresholds[name] ?? 0.5) : 0.5,
      shown: 9,
      precision: averagePrecision,
      recall: averagePrecision,
    })),
    meanAveragePrecision: 0.5,
    judgedClasses: entries.length,
    statedPrecision: 0.7,
    precision: 0.69,
    recall: 0.5,
    shown: 9 * entries.length,
    calibrationError: 0.01,
    reliability: [
      { tags: 50, score: 0.1, right: 0.12 },
      { tags: 50, score: 0.8, right: 0.79 },
    ],
    exclusive: null,
    confusions: [],
    falseTags: [],
    missedTags: [],
  };
}
