import { z } from 'zod';
import { Fault } from '../base/errors.ts';

/**
 * Names for classes whose first synonym is taken and that have no other, by index in ILSVRC order:
 * both cranes are called just "crane", and the machine keeps it.
 */
const qualified = new Map([[134, 'crane bird']]);

const labelsSchema = z.record(z.string(), z.string().min(1));

/**
 * Tags for ImageNet's classes: the first synonym in lower case. Where two classes share it, the one that has another synonym takes that
 * ("cardigan welsh corgi" beside the "cardigan" one wears, "tank suit" beside "maillot"); what is left is named by hand.
 *
 * @param synonyms - synonyms of each class in ILSVRC order, separated by ", "
 * @returns unique names in the same order
 * @throws Fault `WEIGHTS_DAMAGED` if two classes still share a name
 */
export function imagenetNames(synonyms: readonly string[]): string[] {
  const lists = synonyms.map((line) => line.toLowerCase().split(', '));
  const uses = new Map<string, number>();
  for (const [first = ''] of lists) uses.set(first, (uses.get(first) ?? 0) + 1);
  const names = lists.map(([first = '', second], index) =>
    uses.get(first) === 1 ? first : (qualified.get(index) ?? second ?? first),
  );
  if (new Set(names).size < names.length)
    throw new Fault('WEIGHTS_DAMAGED', { file: 'the class names', reason: 'two classes share a name' });
  return names;
}

/**
 * Reads the class names' file: a JSON object from index to synonyms.
 * @returns synonyms in ILSVRC order
 * @throws Fault `WEIGHTS_DAMAGED` unless it has exactly `count` classes
 */
export function readSynonyms(json: string, count: number): string[] {
  const labels = labelsSchema.safeParse(JSON.parse(json)).data ?? {};
  const synonyms = Array.from({ length: count }, (_, index) => labels[String(index)]).filter(
    (line) => line !== undefined,
  );
  if (synonyms.length !== count || Object.keys(labels).length !== count)
    throw new Fault('WEIGHTS_DAMAGED', {
      file: 'the class names',
      reason: `there are not ${String(count)} of them`,
    });
  return synonyms;
}
