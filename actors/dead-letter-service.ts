import type { DeadLetters } from '../src/transport/dead-letters.ts';
import type { DeadSelection } from '../src/transport/payloads.ts';
import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';

const pageLimit = 1_000;

/** Dead letters: list, show, retry, remove. */
export function deadLetterService(deadLetters: DeadLetters): readonly Endpoint[] {
  return [
    endpoint(
      'deadList',
      {},
      async ({ limit, after, id }) => {
        const { letters, next } = await deadLetters.list({ limit, after, id });
        return { letters: [...letters], ...(next === undefined ? {} : { next }) };
      },
      { unaudited: true },
    ),
    endpoint(
      'deadShow',
      {},
      async ({ sequence }) => {
        const { letter, photo } = await deadLetters.show(sequence);
        return { letter, photo: new Uint8Array(photo) };
      },
      { unaudited: true },
    ),
    endpoint('deadRetry', {}, async (selection) => {
      const sequences = await select(deadLetters, selection);
      for (const sequence of sequences) await deadLetters.retry(sequence);
      return { retried: sequences.length };
    }),
    endpoint('deadRemove', {}, async (selection) => {
      const sequences = await select(deadLetters, selection);
      for (const sequence of sequences) await deadLetters.remove(sequence);
      return { removed: sequences.length };
    }),
  ];
}

/** The sequences that are there now: a letter that comes back while they are retried is not among them. */
async function select(deadLetters: DeadLetters, selection: DeadSelection): Promise<readonly number[]> {
  if ('sequences' in selection) return selection.sequences;
  const id = 'id' in selection ? selection.id : undefined;
  const sequences: number[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await deadLetters.list({ limit: pageLimit, after, id });
    sequences.push(...page.letters.map(({ sequence }) => sequence));
    after = page.next;
  }
  return sequences;
}
