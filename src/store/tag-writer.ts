import { changed } from './corrections.ts';
import type { CorrectionRequest, KeptCorrections } from './corrections.ts';
import { countedTags } from './counted-tags.ts';
import type { NumberedTag } from './counted-tags.ts';
import type { SqlDatabase, Statement } from './database.ts';
import { Dictionary } from './dictionary.ts';
import { attributesText } from './kept-attributes.ts';
import { PostingChanges } from './posting-changes.ts';
import { PostingLists } from './posting-lists.ts';
import { RowUpdates } from './row-updates.ts';
import { tagsOf } from './rescored-batch.ts';
import { compareSubmissions, toScoreUnits } from './tag-store.ts';
import type {
  RescoredBatch,
  RescoreOutcome,
  ScoredTag,
  Submission,
  TagResult,
  WriteOutcome,
} from './tag-store.ts';
import { packTagList, unpackTagList } from './tag-list.ts';

/** What the writer's thread answers. */
export interface WriterCalls {
  readonly write: { readonly args: [batch: readonly TagResult[]]; readonly answer: WriteOutcome[] };
  readonly rescore: { readonly args: [batch: RescoredBatch]; readonly answer: RescoreOutcome[] };
  readonly correct: { readonly args: [request: CorrectionRequest]; readonly answer: boolean };
  readonly forget: { readonly args: [request: ForgetRequest]; readonly answer: boolean };
  readonly health: { readonly args: []; readonly answer: undefined };
}

/** A photo to forget, and until when tombstones have been kept long enough. */
export interface ForgetRequest {
  readonly photoId: string;
  readonly upTo?: Submission | undefined;
  /** Wall time, ms since the epoch. */
  readonly now: number;
  /** Tombstones from before this time are removed. */
  readonly pruneBefore: number;
}

type PhotoRow = [
  row: number,
  id: string,
  epoch: number,
  sequence: number,
  activation: number,
  tags: Uint8Array,
  machineTags: Uint8Array | null,
  corrections: KeptCorrections,
];

/** What decides whether a result is newer. */
interface Version {
  readonly submission: Submission;
  readonly activation: number;
}

interface StoredPhoto extends Version {
  readonly row: number;
  /** What counts. */
  readonly tags: Uint8Array;
  /** What the machine says. */
  readonly machine: Uint8Array;
  readonly corrections: KeptCorrections;
}

/** The one connection that changes the database. */
export class TagWriter {
  readonly #database: SqlDatabase;
  readonly #dictionary: Dictionary;
  readonly #postings: PostingLists;
  readonly #photos: Statement<PhotoRow>;
  readonly #tombstones: Statement<[id: string, epoch: number, sequence: number]>;
  readonly #raise: Statement;
  readonly #upsert: Statement<[row: number]>;

  constructor(database: SqlDatabase) {
    this.#database = database;
    this.#dictionary = new Dictionary(database);
    this.#postings = new PostingLists(database);
    this.#photos = database.prepare(
      `SELECT row, id, epoch, sequence, activation, tags, machine_tags, corrections
       FROM photos WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#tombstones = database.prepare(
      'SELECT id, epoch, sequence FROM tombstones WHERE id IN (SELECT value FROM json_each(?))',
    );
    this.#raise = database.prepare('DELETE FROM tombstones WHERE id IN (SELECT value FROM json_each(?))');
    this.#upsert = database.prepare(
      `INSERT INTO photos (id, epoch, sequence, activation, model, file, sha256, width, height, tagged_at, tags, attributes,
                           machine_tags, owner)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         epoch = excluded.epoch, sequence = excluded.sequence, activation = excluded.activation,
         model = excluded.model, file = excluded.file, sha256 = excluded.sha256, width = excluded.width, height = excluded.height,
         tagged_at = excluded.tagged_at, tags = excluded.tags, attributes = excluded.attributes,
         machine_tags = excluded.machine_tags, owner = excluded.owner
       RETURNING row`,
    );
  }

  /** See `TagStore.write`; one transaction, one fsync. */
  write(batch: readonly TagResult[]): WriteOutcome[] {
    return this.#transaction((changes) => {
      const ids = JSON.stringify(batch.map(({ photoId }) => photoId));
      const stored = this.#storedPhotos(ids);
      const forgotten = new Map(
        this.#tombstones.all(ids).map(([id, epoch, sequence]) => [id, { epoch, sequence }]),
      );
      const winners = new Map<string, TagResult>();
      const outcomes = batch.map((result): WriteOutcome => {
        const current = winners.get(result.photoId) ?? stored.get(result.photoId);
        if (!isNewest(result, current, forgotten.get(result.photoId))) return 'superseded';
        winners.set(result.photoId, result);
        return 'stored';
      });
      for (const [id, result] of winners) this.#replace(result, stored.get(id), changes);
      const raised = [...winners.keys()].filter((id) => forgotten.has(id));
      if (raised.length > 0) this.#raise.run(JSON.stringify(raised));
      return outcomes;
    });
  }

  /** See `TagStore.rescore`. */
  rescore(batch: RescoredBatch): RescoreOutcome[] {
    return this.#transaction((changes) => {
      const stored = this.#storedPhotos(JSON.stringify(batch.photos.map(({ photoId }) => photoId)));
      const rows = new RowUpdates({ ...batch, model: this.#dictionary.modelNumber(batch) });
      const tags = this.#numberedTags(batch);
      const outcomes = batch.photos.map(({ photoId, submission }, index): RescoreOutcome => {
        const row = stored.get(photoId);
        stored.delete(photoId);
        if (row === undefined || compareSubmissions(submission, row.submission) !== 0) return 'superseded';
        if (batch.activation < row.activation) return 'superseded';
        return this.#retag(row, tags[index] ?? [], rows, changes);
      });
      rows.apply(this.#database);
      return outcomes;
    });
  }

  /** See `TagStore.correct`. */
  correct(request: CorrectionRequest): boolean {
    return this.#transaction((changes) => {
      const stored = this.#storedPhotos(JSON.stringify([request.photoId])).get(request.photoId);
      if (stored === undefined) return false;
      const corrections = changed(stored.corrections, request);
      const counted = countedTags(this.#listed(stored.machine), corrections, this.#dictionary);
      this.#database
        .prepare('UPDATE photos SET tags = ?, machine_tags = ?, corrections = ? WHERE row = ?')
        .run(packTagList(counted), corrections === null ? null : stored.machine, corrections, stored.row);
      this.#withdraw(stored, changes);
      changes.add(stored.row, counted);
      return true;
    });
  }

  /** See `TagStore.forget`. */
  forget({ photoId, upTo, now, pruneBefore }: ForgetRequest): boolean {
    return this.#transaction((changes) => {
      this.#database.prepare('DELETE FROM tombstones WHERE forgotten_at < ?').run(pruneBefore);
      const stored = this.#storedPhotos(JSON.stringify([photoId])).get(photoId);
      const last = upTo ?? stored?.submission;
      if (last === undefined) return false;
      this.#bury(photoId, last, now);
      if (stored === undefined || compareSubmissions(stored.submission, last) > 0) return false;
      this.#withdraw(stored, changes);
      changes.photos -= 1;
      this.#database.prepare('DELETE FROM photos WHERE row = ?').run(stored.row);
      return true;
    });
  }

  /** Fails if a write transaction cannot begin. */
  health(): undefined {
    this.#database.transaction(() => undefined);
    return undefined;
  }

  #transaction<T>(body: (changes: PostingChanges) => T): T {
    try {
      return this.#database.transaction(() => {
        const changes = new PostingChanges();
        const value = body(changes);
        changes.apply(this.#database, this.#postings);
        return value;
      });
    } catch (thrown) {
      this.#dictionary.clear();
      throw thrown;
    }
  }

  #storedPhotos(ids: string): Map<string, StoredPhoto> {
    return new Map(
      this.#photos
        .all(ids)
        .map(([row, id, epoch, sequence, activation, tags, machine, corrections]) => [
          id,
          { row, submission: { epoch, sequence }, activation, tags, machine: machine ?? tags, corrections },
        ]),
    );
  }

  #replace(result: TagResult, stored: StoredPhoto | undefined, changes: PostingChanges): void {
    const machine = this.#numbered(result.tags);
    const corrections = stored?.corrections ?? null;
    const counted = countedTags(machine, corrections, this.#dictionary);
    const [row] = this.#upsert.one(
      result.photoId,
      result.submission.epoch,
      result.submission.sequence,
      result.activation,
      this.#dictionary.modelNumber(result),
      result.file ?? null,
      result.sha256 === undefined ? null : Buffer.from(result.sha256, 'hex'),
      result.width ?? null,
      result.height ?? null,
      result.taggedAt,
      packTagList(counted),
      result.attributes === undefined ? null : attributesText(result.attributes),
      corrections === null ? null : packTagList(machine),
      result.owner ?? null,
    );
    if (stored === undefined) changes.photos += 1;
    else this.#withdraw(stored, changes);
    changes.add(row, counted);
  }

  /** Postings are left alone where nothing that they have has changed. */
  #retag(
    stored: StoredPhoto,
    machine: readonly NumberedTag[],
    rows: RowUpdates,
    changes: PostingChanges,
  ): RescoreOutcome {
    const list = packTagList(machine);
    const counted = countedTags(machine, stored.corrections, this.#dictionary);
    if (stored.corrections === null) rows.add(stored.row, list);
    else rows.add(stored.row, packTagList(counted), list);
    if (Buffer.compare(list, stored.machine) === 0) return 'same';
    this.#withdraw(stored, changes);
    changes.add(stored.row, counted);
    return 'changed';
  }

  #numberedTags(batch: RescoredBatch): NumberedTag[][] {
    const numbers = batch.names.map((name) => this.#dictionary.numbersOf(name));
    return tagsOf(batch, (name, score) => {
      const { tag = 0, term = 0 } = numbers[name] ?? {};
      return { tag, term, score };
    });
  }

  #numbered(tags: readonly ScoredTag[]): NumberedTag[] {
    return tags.map(({ tag: name, score }) => {
      const { tag, term } = this.#dictionary.numbersOf(name);
      return { tag, term, score: toScoreUnits(score) };
    });
  }

  #withdraw(stored: StoredPhoto, changes: PostingChanges): void {
    changes.remove(stored.row, this.#listed(stored.tags));
  }

  #listed(tags: Uint8Array): NumberedTag[] {
    return unpackTagList(tags).map(({ tag, score }) => ({
      tag,
      term: this.#dictionary.tag(tag).term,
      score,
    }));
  }

  #bury(photoId: string, { epoch, sequence }: Submission, now: number): void {
    this.#database
      .prepare(
        `INSERT INTO tombstones (id, epoch, sequence, forgotten_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE
         SET epoch = excluded.epoch, sequence = excluded.sequence, forgotten_at = excluded.forgotten_at
         WHERE (excluded.epoch, excluded.sequence) >= (epoch, sequence)`,
      )
      .run(photoId, epoch, sequence, now);
  }
}

function isNewest(result: Version, stored: Version | undefined, forgotten: Submission | undefined): boolean {
  if (forgotten !== undefined && compareSubmissions(result.submission, forgotten) <= 0) return false;
  if (stored === undefined) return true;
  return (
    (compareSubmissions(result.submission, stored.submission) || result.activation - stored.activation) >= 0
  );
}
