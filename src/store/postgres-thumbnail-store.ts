import type { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import type { Sql } from './postgres/server-pools.ts';
import { ServerStore } from './postgres/server-store.ts';
import type { Submission } from './tag-store.ts';
import { latestOf } from './thumbnail-store.ts';
import type { PhotoThumbnail, ThumbnailStore, ThumbnailStoreStats } from './thumbnail-store.ts';

/** Few connections: the tags have their own. */
const connections = { writers: 1, readers: 1 };

/** Thumbnails in a table beside the tags of a PostgreSQL server. */
export class PostgresThumbnailStore implements ThumbnailStore {
  readonly #server: ServerStore;

  private constructor(server: ServerStore) {
    this.#server = server;
  }

  /**
   * Opens the store, see {@link ServerStore.open}.
   * @param url - as for the tags
   * @throws Fault `USAGE`, `STORE_VERSION`, `STORE_DATABASE`
   */
  static async open(url: string): Promise<PostgresThumbnailStore> {
    return new PostgresThumbnailStore(await ServerStore.open(url, connections));
  }

  get exited(): Promise<Fault | undefined> {
    return this.#server.exited;
  }

  async put(batch: readonly PhotoThumbnail[]): Promise<void> {
    for (const { photoId } of batch) checkPhotoId(photoId);
    // In one order, so that no two writers wait for each other's rows.
    const ordered = latestOf(batch).sort((a, b) => (a.photoId < b.photoId ? -1 : 1));
    const statements = statementsFor(ordered);
    if (statements.length > 0) await this.#server.use(() => this.#server.pools.write(statements));
  }

  async get(photoId: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // Two nodes that write at once may leave one of a submission that has been replaced since by one without.
    const text = `SELECT webp FROM autotag.thumbnails AS stored WHERE photo = $1 AND NOT EXISTS (
                    SELECT FROM autotag.photos AS photo WHERE photo.id = stored.photo
                      AND (photo.epoch, photo.sequence) > (stored.epoch, stored.sequence))`;
    const values = [checkPhotoId(photoId)];
    const rows = await this.#server.use(() => this.#server.pools.read<[webp: Uint8Array]>({ text, values }));
    const webp = rows[0]?.[0];
    return webp === undefined ? undefined : new Uint8Array(webp);
  }

  async forget(photoId: string, { epoch, sequence }: Submission): Promise<boolean> {
    const text = `DELETE FROM autotag.thumbnails WHERE photo = $1 AND (epoch, sequence) <= ($2::bigint, $3::bigint)
                  RETURNING photo`;
    const values = [checkPhotoId(photoId), epoch, sequence];
    const [rows = []] = await this.#server.use(() => this.#server.pools.write([{ text, values }]));
    return rows.length > 0;
  }

  async stats(): Promise<ThumbnailStoreStats> {
    const text = "SELECT pg_total_relation_size('autotag.thumbnails')";
    const rows = await this.#server.use(() => this.#server.pools.read<[bytes: number]>({ text }));
    return { bytes: rows[0]?.[0] ?? 0 };
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }
}

function statementsFor(batch: readonly PhotoThumbnail[]): Sql[] {
  const columns = (rows: readonly PhotoThumbnail[]) => [
    rows.map(({ photoId }) => photoId),
    rows.map(({ submission }) => submission.epoch),
    rows.map(({ submission }) => submission.sequence),
  ];
  const made = batch.flatMap((one) => (one.webp === undefined ? [] : [one.webp]));
  const [kept, bare] = [
    batch.filter(({ webp }) => webp !== undefined),
    batch.filter(({ webp }) => webp === undefined),
  ];
  return [
    ...(kept.length === 0 ? [] : [{ text: keep, values: [...columns(kept), made] }]),
    ...(bare.length === 0 ? [] : [{ text: outdate, values: columns(bare) }]),
  ];
}

const keep = `
  INSERT INTO autotag.thumbnails AS stored (photo, epoch, sequence, webp)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[])
  ON CONFLICT (photo) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, webp = excluded.webp
  WHERE (excluded.epoch, excluded.sequence) >= (stored.epoch, stored.sequence)`;

const outdate = `
  DELETE FROM autotag.thumbnails AS stored
  USING unnest($1::text[], $2::bigint[], $3::bigint[]) AS newer (photo, epoch, sequence)
  WHERE stored.photo = newer.photo AND (stored.epoch, stored.sequence) < (newer.epoch, newer.sequence)`;
