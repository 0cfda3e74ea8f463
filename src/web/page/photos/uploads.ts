import { batch, computed, signal } from '@preact/signals';
import { ApiError } from '../api/call.ts';
import { onEvent } from '../api/events.ts';
import { getPhoto, isTagged, sendPhotos, type Receipt } from '../api/photos.ts';
import type { PhotoResult, Tag } from '../api/types.ts';
import { photoName } from '../parts/photo-name.ts';

/** A photo on its way to its tags. */
export interface PhotoEntry {
  /** Of this list. */
  readonly key: number;
  /** Once the node has it. */
  readonly id?: string;
  readonly name: string;
  /** The browser's own picture of it; photos of others have none. */
  readonly url?: string;
  readonly state: 'waiting' | 'sending' | 'queued' | 'tagged' | 'failed';
  readonly tags: readonly Tag[];
  readonly error?: { readonly code: string; readonly message: string };
}

const requestsAtOnce = 2;
const photosAtOnce = 6;
const bytesAtOnce = 12_000_000;
/** Beyond that, the oldest leave the list; they stay in the store. */
const kept = 200;
const busyPauseMs = 1_000;
/** Results are shown so often: a cluster may have a thousand a second. */
const showEveryMs = 200;
const checkEveryMs = 3_000;
const checkedAtOnce = 8;

/** Photos of this tab, and those that others send meanwhile; the newest first. */
export const entries = signal<readonly PhotoEntry[]>([]);

/** How many are in which state. */
export const counts = computed(() => {
  const count = (...states: PhotoEntry['state'][]) =>
    entries.value.filter(({ state }) => states.includes(state)).length;
  return { pending: count('waiting', 'sending', 'queued'), tagged: count('tagged'), failed: count('failed') };
});

interface Waiting {
  readonly key: number;
  readonly file: File;
}

let waiting: readonly Waiting[] = [];
let lastKey = 0;
let sending = 0;

/** Sends photos, some at once; each one has its own outcome. */
export function addPhotos(files: Iterable<File>): void {
  const added = [...files].map((file) => ({ key: (lastKey += 1), file }));
  waiting = [...waiting, ...added];
  prepend(
    added.map(({ key, file }) => ({
      key,
      name: file.name,
      url: URL.createObjectURL(file),
      state: 'waiting',
      tags: [],
    })),
  );
  while (sending < Math.min(requestsAtOnce, waiting.length)) void sendAll();
}

async function sendAll(): Promise<void> {
  sending += 1;
  for (let batch = takeBatch(); batch.length > 0; batch = takeBatch()) {
    for (const { key } of batch) change(key, { state: 'sending' });
    const { again, pauseMs } = await sendBatch(batch);
    if (again.length === 0) continue;
    for (const { key } of again) change(key, { state: 'waiting' });
    waiting = [...again, ...waiting];
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  sending -= 1;
}

/** A few photos for one request; a large one goes alone. */
function takeBatch(): readonly Waiting[] {
  let bytes = 0;
  const isOver = ({ file }: Waiting, index: number) => {
    bytes += file.size;
    return index > 0 && (index >= photosAtOnce || bytes > bytesAtOnce);
  };
  const end = waiting.findIndex(isOver);
  const batch = waiting.slice(0, end === -1 ? waiting.length : end);
  waiting = waiting.slice(batch.length);
  return batch;
}

interface Sent {
  /** To be sent once more: the node was away or full, which is no fault of theirs. */
  readonly again: readonly Waiting[];
  /** When. */
  readonly pauseMs: number;
}

async function sendBatch(batch: readonly Waiting[]): Promise<Sent> {
  const again: Waiting[] = [];
  try {
    const receipts = await sendPhotos(batch.map(({ file }) => file));
    batch.forEach((photo, index) => {
      const receipt = receipts[index];
      if (receipt === undefined || ('error' in receipt && receipt.error.retry)) again.push(photo);
      else settle(photo.key, receipt);
    });
    return { again, pauseMs: busyPauseMs };
  } catch (error) {
    if (error instanceof ApiError && error.retry)
      return { again: batch, pauseMs: error.retryAfterMs ?? busyPauseMs };
    const message = error instanceof ApiError ? error.message : String(error);
    const code = error instanceof ApiError ? error.code : 'PAGE';
    for (const { key } of batch) change(key, { state: 'failed', error: { code, message } });
    return { again, pauseMs: 0 };
  }
}

function settle(key: number, receipt: Receipt): void {
  if ('error' in receipt) {
    change(key, { state: 'failed', error: receipt.error });
    return;
  }
  // Its result may have been heard first; the same photo may be here twice.
  const { id } = receipt;
  const same = entries.value.find((entry) => entry.id === id && entry.key !== key);
  if (same !== undefined) remove(same);
  const isDone = same?.state === 'tagged' || same?.state === 'failed';
  change(
    key,
    isDone ? { id, state: same.state, tags: same.tags, ...faultOf(same) } : { id, state: 'queued' },
  );
}

function faultOf({ error }: PhotoEntry): Pick<PhotoEntry, 'error'> {
  return error === undefined ? {} : { error };
}

/** What the node says became of a photo. */
function heard(result: PhotoResult): void {
  const found = entries.value.find(({ id }) => id === result.id);
  const outcome = isTagged(result)
    ? ({ state: 'tagged', tags: result.tags } as const)
    : ({ state: 'failed', tags: [], error: result.error } as const);
  if (found !== undefined) change(found.key, outcome);
  else prepend([{ key: (lastKey += 1), id: result.id, name: photoName(result), ...outcome }]);
}

/** Asks for photos whose result was not heard: events are missed while a connection is down. */
async function check(): Promise<void> {
  const queued = entries.value.filter(({ state }) => state === 'queued').slice(-checkedAtOnce);
  for (const { id = '' } of queued) {
    const photo = await getPhoto(id);
    const { model, tags } = photo ?? {};
    const letter = photo?.deadLetters.at(-1);
    if (model !== undefined && tags !== undefined) heard({ id, model, tags: [...tags] });
    else if (letter !== undefined) heard({ id, error: letter });
  }
}

function prepend(added: readonly PhotoEntry[]): void {
  const all = [...added, ...entries.value];
  entries.value = all.slice(0, Math.max(kept, added.length));
  for (const { url } of all.slice(entries.value.length)) if (url !== undefined) URL.revokeObjectURL(url);
}

function change(key: number, changes: Partial<PhotoEntry>): void {
  entries.value = entries.value.map((entry) => (entry.key === key ? { ...entry, ...changes } : entry));
}

function remove({ key, url }: PhotoEntry): void {
  entries.value = entries.value.filter((entry) => entry.key !== key);
  if (url !== undefined) URL.revokeObjectURL(url);
}

/** Listens for results as long as the page is open. */
export function followResults(): void {
  const unseen: PhotoResult[] = [];
  onEvent('result', (result) => {
    unseen.push(result);
  });
  setInterval(() => {
    // Of many, the last ones are those that stay in the list.
    const shown = unseen.splice(0).slice(-kept);
    batch(() => {
      shown.forEach(heard);
    });
  }, showEveryMs);
  const again = () => {
    check()
      .catch(() => undefined) // The node is away; asked again below.
      .finally(() => setTimeout(again, checkEveryMs));
  };
  again();
}
