import { UINTEGER } from '@duckdb/node-api';
import { ExampleCounter } from './example-counter.ts';
import { FindingList } from './finding-list.ts';
import type { Findings } from './join-report.ts';
import type { JoinDatabase } from './join-database.ts';
import { PairResolver } from './label-pairs.ts';
import type { LabelSources } from './label-sources.ts';

/** What is known when there is one label for each photo and class. Photos and classes are numbers here. */
export interface SettledLabels {
  readonly counter: ExampleCounter;
  /** Labels of the new input. */
  readonly given: number;
  readonly duplicates: number;
  /** Labels of an earlier run that the new input changes. */
  readonly changed: number;
  /** Labels of the new input whose photo is not there, and whose photo id cannot be one. */
  readonly labelsWithoutPhoto: number;
  readonly labelsOfBadIds: number;
  /** TRUE and FALSE in the new input. */
  readonly contradictions: Findings<{ readonly photo: number; readonly classNumber: number }>;
  readonly photosWithoutLabel: Findings<number>;
}

/**
 * Puts all labels in order and makes one of all that is said of a photo and class. They are in the table `labels (photo, label)` then,
 * by photo and class: label is class × 4 + label. A photo whose labels are complete has one more, of the class after the last.
 */
export async function settleLabels(
  database: JoinDatabase,
  sources: LabelSources,
  { classes, photos, onProgress }: { classes: number; photos: number; onProgress: (labels: number) => void },
): Promise<SettledLabels> {
  await database.run('CREATE TABLE labels (photo UINTEGER, label UINTEGER)');
  const rows = await database.appender('labels', [UINTEGER, UINTEGER]);
  const counter = new ExampleCounter(classes);
  const contradictions = new FindingList<{ photo: number; classNumber: number }>();
  const photosWithoutLabel = new FindingList<number>();
  let next = 0;
  const passOver = (end: number) => {
    for (; next < end; next++) photosWithoutLabel.add(next);
    next = end + 1;
  };
  const resolver = new PairResolver(classes, {
    onPhoto: (photo, labels) => {
      passOver(photo);
      counter.add(labels);
      for (const entry of labels.entries) rows.add(photo, entry);
      if (labels.isComplete) rows.add(photo, classes * 4);
    },
    onContradiction: (photo, classNumber) => {
      contradictions.add({ photo, classNumber });
    },
  });
  let done = 0;
  for await (const chunk of sources.pairs()) {
    resolver.add(chunk);
    onProgress((done += chunk.rowCount));
  }
  resolver.end();
  rows.close();
  passOver(photos);
  const { given, duplicates, changed, labelsWithoutPhoto, labelsOfBadIds } = resolver;
  return {
    counter,
    given,
    duplicates,
    changed,
    labelsWithoutPhoto,
    labelsOfBadIds,
    contradictions,
    photosWithoutLabel,
  };
}
