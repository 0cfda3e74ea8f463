import { basename } from 'node:path';
import { Fault, reasonOf } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import { activationLine, modelTable } from '../terminal/model-views.ts';
import { deadCard, deadTable, resultLine, searchTable } from '../terminal/views.ts';
import type { PhotoResult } from '../transport/payloads.ts';
import { PhotoSubmitter } from '../transport/photo-submitter.ts';
import { readPhoto } from '../transport/read-photo.ts';
import { request } from '../transport/requests.ts';
import { ResultWaiter } from '../transport/result-waiter.ts';
import { Window } from '../transport/window.ts';
import { command, type Answer, type ReplCommand } from './command.ts';
import type { Session } from './session.ts';
import { alone, aNumber, models, numbers, ofText } from './usage.ts';

const shownLetters = 100;
const shownPhotos = 20;
/** Retrying moves photos' bytes, activating reads large models. */
const actTimeoutMs = 600_000;
const resultTimeoutMs = 60_000;

/** Commands for photos and models, in the order of the help. */
export const photoCommands: readonly ReplCommand[] = [
  command('dead list', alone, 'photos that were given up', deadList),
  command('dead show', aNumber, 'one of them, and the reason', deadShow),
  command('dead retry', numbers, 'queues them again', deadRetry),
  command('dead remove', numbers, 'erases them for good', deadRemove),
  command('models list', alone, 'models, and the one in use', modelsList),
  command('models activate', models, 'puts a model in use, or several side by side', modelsActivate),
  command('tag', ofText('FILE', 'file'), 'sends a photo of this machine, and shows its tags', tag),
  command('search', ofText('QUERY'), 'photos by their tags: beach -people score>0.8', search),
];

async function deadList({ connection }: Session): Promise<Answer> {
  const value = await request(connection, 'deadList', {}, { limit: shownLetters });
  const more = value.next === undefined ? '' : '\nThere are more: cluster dead list --after N.';
  return { value, text: deadTable(value.letters) + more };
}

async function deadShow({ connection }: Session, { number }: { number: number }): Promise<Answer> {
  const { letter } = await request(connection, 'deadShow', {}, { sequence: number }, actTimeoutMs);
  return { value: letter, text: deadCard(letter) };
}

interface Numbers {
  readonly numbers: readonly number[] | 'all';
}

async function deadRetry({ connection }: Session, selected: Numbers): Promise<Answer> {
  const value = await request(connection, 'deadRetry', {}, selectionOf(selected), actTimeoutMs);
  return { value, text: `Queued again: ${String(value.retried)}.` };
}

async function deadRemove({ connection }: Session, selected: Numbers): Promise<Answer> {
  const value = await request(connection, 'deadRemove', {}, selectionOf(selected), actTimeoutMs);
  return { value, text: `Removed: ${String(value.removed)}.` };
}

function selectionOf({ numbers: sequences }: Numbers) {
  return sequences === 'all' ? { all: true as const } : { sequences: [...sequences] };
}

async function modelsList({ connection }: Session): Promise<Answer> {
  const value = await request(connection, 'modelList', {}, {});
  return { value, text: modelTable(value) };
}

async function modelsActivate(
  { connection }: Session,
  wish: { readonly models: readonly string[] },
): Promise<Answer> {
  const value = await request(connection, 'modelActivate', {}, { models: [...wish.models] }, actTimeoutMs);
  return { value, text: activationLine(value) };
}

async function search({ connection }: Session, { text }: { text: string }): Promise<Answer> {
  const value = await request(connection, 'search', {}, { query: text, limit: shownPhotos });
  return { value, text: searchTable(value) };
}

async function tag({ connection }: Session, { text: path }: { text: string }): Promise<Answer> {
  const bytes = await readPhoto(path, new Window({ count: 1 })).catch((error: unknown) => {
    throw error instanceof Fault
      ? error
      : new Fault('FILE_READ', { file: path, reason: reasonOf(error) }, error);
  });
  const waiter = await ResultWaiter.open(connection, resultTimeoutMs);
  const photo = { id: sha256(bytes), file: basename(path), bytes, client: waiter.client };
  const expected = waiter.expect({ ...photo, anyResult: true });
  try {
    expected.acknowledged(await new PhotoSubmitter(connection).submit(photo));
    const value: PhotoResult = await expected.result;
    return { value, text: resultLine(value) };
  } finally {
    expected.cancel();
    waiter.close();
  }
}
