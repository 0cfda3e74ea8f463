import { sha256 } from '../../src/base/ids.ts';
import type { ClusterClient } from './cluster-client.ts';
import { numbered } from './photos.ts';
import { poisonPhotos } from './poison.ts';

/** Photos to submit. */
export interface WorkloadOptions {
  /** Without it, photos are handed in until {@link Workload.end}. */
  readonly photos?: number;
  /** Photos a second; the next one waits for its time, not for the one before. */
  readonly rate: number;
  /** So many are under way all the time instead, at whatever rate that is. */
  readonly backlog?: number;
  /** Every so many, one that no node can tag. */
  readonly poisonEvery?: number;
  /** Photos handed in at once, at the same rate on the whole. Default 1. */
  readonly burst?: number;
  /** Different pictures among them. Default as many as photos, or 500. */
  readonly pictures?: number;
}

const pollMs = 5;

/** What a client knows about the photos it has handed in. */
export class Workload {
  /** SHA-256 of the bytes of each photo that the stream has confirmed, by id. */
  readonly acknowledged = new Map<string, string>();
  /** Ids whose submit failed: whether they were stored is unknown. */
  readonly unconfirmed = new Set<string>();
  /** Ids of photos that no node can tag. */
  readonly poison = new Set<string>();
  readonly #client: ClusterClient;
  readonly #options: WorkloadOptions;
  readonly #waiting = new Set<{ readonly from: number; readonly resolve: () => void }>();
  #submitted = 0;
  #ended = false;

  constructor(client: ClusterClient, options: WorkloadOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** The part that has been handed in, 0 to 1; 0 of one without an end. */
  get progress(): number {
    return this.#submitted / (this.#options.photos ?? Infinity);
  }

  /** Resolves when a photo that is handed in from now on is confirmed. */
  nextAcknowledged(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ from: this.#submitted, resolve });
    });
  }

  /** No more photos. */
  readonly end = (): void => {
    this.#ended = true;
  };

  /** Hands all photos in; resolves when each is confirmed or has failed. */
  async run(): Promise<void> {
    const {
      photos = Infinity,
      poisonEvery = Infinity,
      pictures = this.#options.photos ?? 500,
    } = this.#options;
    const poison = poisonEvery < Infinity ? await poisonPhotos() : [];
    const isDue = this.#pace();
    const submits: Promise<void>[] = [];
    for (let number = 0; number < photos && !this.#ended; number++) {
      await isDue(number);
      this.#submitted = number + 1;
      const isPoison = (number + 1) % poisonEvery === 0;
      if (isPoison) this.poison.add(idOf(number));
      const bytes = isPoison ? poison[number % poison.length] : undefined;
      submits.push(this.#submit(number, bytes ?? (await numbered(number % pictures))));
    }
    await Promise.all(submits);
  }

  /** Waits until it is the turn of a photo. */
  #pace(): (number: number) => Promise<void> {
    const { rate, burst = 1, backlog } = this.#options;
    const started = performance.now();
    const { size: before } = this.#client.results;
    return async (number) => {
      if (backlog === undefined) {
        const at = started + (Math.floor(number / burst) * burst * 1000) / rate;
        if (at > performance.now()) await sleep(at - performance.now());
      } else
        while (number - (this.#client.results.size - before) >= backlog && !this.#ended) await sleep(pollMs);
    };
  }

  async #submit(number: number, bytes: Uint8Array): Promise<void> {
    const id = idOf(number);
    try {
      await this.#client.submit({ id, bytes, top: 5 });
      this.acknowledged.set(id, sha256(bytes));
    } catch {
      this.unconfirmed.add(id);
      return;
    }
    for (const one of this.#waiting) {
      if (number < one.from) continue;
      this.#waiting.delete(one);
      one.resolve();
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const prefix = 'photo-';

/** The id of the photo of this number. */
function idOf(number: number): string {
  return `${prefix}${String(number)}`;
}

/** The number of a photo, from its id. */
export function numberOf(id: string): number {
  return Number(id.slice(prefix.length));
}
