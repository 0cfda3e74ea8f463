import { sha256 } from '../../src/base/ids.ts';
import type { ClusterClient } from './cluster-client.ts';
import { numbered } from './photos.ts';

/** Photos to submit. */
export interface WorkloadOptions {
  readonly photos: number;
  /** Photos a second; the next one waits for its time, not for the one before. */
  readonly rate: number;
  /** Different pictures among them; default as many as photos. */
  readonly pictures?: number;
}

/** What a client knows about the photos it has handed in. */
export class Workload {
  /** SHA-256 of the bytes of each photo that the stream has confirmed, by id. */
  readonly acknowledged = new Map<string, string>();
  /** Ids whose submit failed: whether they were stored is unknown. */
  readonly unconfirmed = new Set<string>();
  readonly #client: ClusterClient;
  readonly #options: WorkloadOptions;
  #submitted = 0;

  constructor(client: ClusterClient, options: WorkloadOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** The part that has been handed in, 0 to 1. */
  get progress(): number {
    return this.#submitted / this.#options.photos;
  }

  /** Hands all photos in; resolves when each is confirmed or has failed. */
  async run(): Promise<void> {
    const { photos, rate, pictures = photos } = this.#options;
    const started = performance.now();
    const submits: Promise<void>[] = [];
    for (let number = 0; number < photos; number++) {
      const wait = started + (number * 1000) / rate - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      submits.push(this.#submit(number, await numbered(number % pictures)));
      this.#submitted = number + 1;
    }
    await Promise.all(submits);
  }

  async #submit(number: number, bytes: Uint8Array): Promise<void> {
    const id = idOf(number);
    try {
      await this.#client.submit({ id, bytes, top: 5 });
      this.acknowledged.set(id, sha256(bytes));
    } catch {
      this.unconfirmed.add(id);
    }
  }
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
