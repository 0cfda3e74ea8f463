import type { WriteOutcome } from '../src/store/tag-store.ts';
import type { Connection } from '../src/transport/connection.ts';
import { request } from '../src/transport/requests.ts';
import type { TaggedPhoto } from '../src/store/tagged-photo.ts';
import type { ResultStore } from './result-store.ts';

/** What a request may take, in bytes, unless one photo alone takes more. */
const requestBytes = 512 * 1024;
/** A photo beside its names, tags, features and thumbnail; a tag beside its name. */
const photoOverhead = 512;
const tagOverhead = 24;

/** The results of the cluster, on another node. */
export class RemoteResultStore implements ResultStore {
  readonly #connection: Connection;
  readonly #node: string;

  /** @param node - the one that has them */
  constructor(connection: Connection, node: string) {
    this.#connection = connection;
    this.#node = node;
  }

  async keep(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    for (const part of parts(photos)) outcomes.push(...(await this.#send(part)));
    return outcomes;
  }

  async #send(photos: readonly TaggedPhoto[]): Promise<WriteOutcome[]> {
    const sent = photos.map(({ result, features, thumbnail }) => ({
      result: { ...result, tags: [...result.tags] },
      features: features.map(({ extractor, features: { offset, scale, values } }) => {
        return { extractor, offset, scale, values };
      }),
      ...(thumbnail === undefined ? {} : { thumbnail }),
    }));
    const { outcomes } = await request(
      this.#connection,
      'keepResults',
      { node: this.#node },
      { photos: sent },
    );
    return outcomes;
  }
}

/** Cuts a batch into requests. */
function* parts(photos: readonly TaggedPhoto[]): Generator<readonly TaggedPhoto[]> {
  let part: TaggedPhoto[] = [];
  let bytes = 0;
  for (const photo of photos) {
    const size = sizeOf(photo);
    if (part.length > 0 && bytes + size > requestBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(photo);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

function sizeOf({ result, features, thumbnail }: TaggedPhoto): number {
  const tags = result.tags.reduce((sum, { tag }) => sum + Buffer.byteLength(tag) + tagOverhead, 0);
  const values = features.reduce((sum, { features: { values: row } }) => sum + row.length, 0);
  const text = `${result.photoId}${result.file ?? ''}${JSON.stringify(result.attributes ?? {})}`;
  return photoOverhead + Buffer.byteLength(text) + tags + values + (thumbnail?.length ?? 0);
}
