import { UINTEGER, VARCHAR } from '@duckdb/node-api';
import { Fault } from '../../base/errors.ts';
import { maxNameBytes, nameProblem } from '../../base/ids.ts';
import type { BlobStore } from '../blob-store.ts';
import type { OnInputProblem } from './input-problem.ts';
import type { JoinDatabase } from './join-database.ts';
import type { LabelName } from './join-report.ts';
import { type LabelFile, prepareLabelFile, surveyLabelFile, usableLines } from './label-files.ts';
import { inspectLabelFile } from './label-line.ts';
import { badPhoto, noPhoto, pairSql } from './label-pairs.ts';
import { listPhotoFolders } from './photo-folders.ts';
import type { TrainingSet } from './training-set.ts';

/** Where the labels of a join come from. */
export interface LabelInput {
  /** Files of label data. */
  readonly labelFiles: readonly string[];
  /** Folders that have a folder for each class; their labels are complete. */
  readonly folders: readonly string[];
  /** An earlier training set, whose labels count where the others say nothing. */
  readonly base?: TrainingSet | undefined;
  readonly blobs: BlobStore;
  /** A folder for unpacked files. */
  readonly scratch: string;
  /** Whether what the files say of a photo is complete. */
  readonly assumeNegative: boolean;
  readonly onProblem: OnInputProblem;
  readonly signal?: AbortSignal | undefined;
}

/** Names are kept in memory; also what a model file has at most. */
const maxClasses = 1_000_000;
/** What `nameProblem` says of a photo id, in SQL; only of those that are unknown. */
const isBadId = `strlen(photo) > ${String(maxNameBytes)} OR regexp_matches(photo, '[\\p{Cc}\\x{2028}\\x{2029}]')`;

/** All labels that a join is given: files, folders and an earlier training set, in the database or ready to be read by it. */
export class LabelSources {
  /** Labels of all of it, also those that turn out not to count. */
  labels = 0;
  readonly #database: JoinDatabase;
  readonly #input: LabelInput;
  readonly #files: LabelFile[] = [];
  /** Files of which some line cannot be used. */
  readonly #flawed = new Set<LabelFile>();

  private constructor(database: JoinDatabase, input: LabelInput) {
    this.#database = database;
    this.#input = input;
  }

  /**
   * Looks through all of it once.
   * @throws Fault `FILE_READ`, `NOT_FOUND`
   */
  static async open(database: JoinDatabase, input: LabelInput): Promise<LabelSources> {
    const sources = new LabelSources(database, input);
    await sources.#addFolders();
    await sources.#addFiles();
    const { base, blobs } = input;
    if (base !== undefined && !(await blobs.has(base.labels.id)))
      throw new Fault('NOT_FOUND', { what: 'blob', id: base.labels.id });
    await sources.#countEarlier();
    return sources;
  }

  async #addFolders(): Promise<void> {
    await this.#database.run('CREATE TABLE folder_labels (class VARCHAR, photo VARCHAR)');
    const rows = await this.#database.appender('folder_labels', [VARCHAR, VARCHAR]);
    for (const folder of this.#input.folders)
      for await (const { id, className } of listPhotoFolders(folder, this.#input.onProblem)) {
        rows.add(className, id);
        this.labels += 1;
      }
    rows.close();
  }

  async #addFiles(): Promise<void> {
    await this.#database.run('CREATE TABLE given_classes (class VARCHAR, file INTEGER)');
    for (const [index, name] of this.#input.labelFiles.entries()) {
      const file = await prepareLabelFile(name, this.#input.scratch, index);
      this.#files.push(file);
      const { lines, hasBadLines } = await surveyLabelFile(this.#database, file, index);
      if (hasBadLines || file.isCut) this.#flawed.add(file);
      this.labels += lines;
    }
  }

  async #countEarlier(): Promise<void> {
    const count = this.#earlier('SELECT count(*) FROM');
    if (count !== '') this.labels += await this.#database.count(count, this.#parameters());
  }

  /**
   * Numbers the classes, in the table `classes (number, class)`: those of the earlier training set as they were, then the others by name.
   * @returns their names
   * @throws Fault `JOIN_FAILED` if there are too many
   */
  async numberClasses(): Promise<string[]> {
    const names = new Set(this.#input.base?.classes);
    const sql = `SELECT class, min(file), max(file) FROM (
        SELECT class, file FROM given_classes UNION ALL SELECT DISTINCT class, NULL FROM folder_labels
        ${this.#earlier('UNION ALL SELECT DISTINCT class, NULL FROM')}
      ) WHERE class IS NOT NULL GROUP BY class ORDER BY class`;
    for await (const chunk of this.#database.stream(sql, this.#parameters()))
      for (const [name, first, last] of chunk.getRows()) {
        if (nameProblem(String(name)) === undefined) names.add(String(name));
        else for (const file of this.#files.slice(Number(first), Number(last) + 1)) this.#flawed.add(file);
        if (names.size > maxClasses)
          throw new Fault('JOIN_FAILED', {
            reason: `they name more than ${String(maxClasses)} classes; class names come first in a line, then photo ids`,
          });
      }
    await this.#database.run('CREATE TABLE classes (number UINTEGER, class VARCHAR)');
    const rows = await this.#database.appender('classes', [UINTEGER, VARCHAR]);
    // No class has the empty name: it stands for "whatever is not listed is negative".
    for (const [number, name] of [...names, ''].entries()) rows.add(number, name);
    rows.close();
    return [...names];
  }

  /** All labels in ascending order as two columns: see `PairResolver`. */
  async *pairs(): ReturnType<JoinDatabase['stream']> {
    await this.#database.run('CREATE TABLE pairs (pair UBIGINT)');
    await this.#addPairs(`SELECT class, photo, ${pairSql.ofFolder} AS said FROM folder_labels`);
    const ofFiles = pairSql.ofFile(this.#input.assumeNegative);
    for (const { path } of this.#files)
      await this.#addPairs(`SELECT class, photo, ${ofFiles} AS said FROM (${usableLines('$path')})`, {
        path,
      });
    const earlier = this.#earlier(
      `SELECT coalesce(class, '') AS class, photo, ${pairSql.ofEarlier} AS said FROM`,
    );
    if (earlier !== '') await this.#addPairs(earlier, this.#parameters());
    // Each step by itself: the database's memory is for one of them.
    await this.#database.run('CREATE TABLE sorted_pairs AS SELECT pair FROM pairs ORDER BY pair');
    await this.#database.run('DROP TABLE pairs');
    yield* this.#database.stream(
      'SELECT (pair >> 32)::UINTEGER, (pair & 4294967295)::UINTEGER FROM sorted_pairs',
    );
    await this.#database.run('DROP TABLE sorted_pairs');
  }

  /** One number for each label: nothing is put in order faster. */
  async #addPairs(labels: string, parameters: Record<string, string> = {}): Promise<void> {
    await this.#database.run(
      `INSERT INTO pairs
        SELECT (CASE WHEN p.id IS NOT NULL THEN p.rowid WHEN ${isBadId} THEN ${String(badPhoto)} ELSE ${String(noPhoto)} END::UBIGINT << 32)
          | (c.number::UBIGINT << 4) | said::UBIGINT
        FROM (${labels}) JOIN classes c USING (class) LEFT JOIN photos p ON p.id = photo`,
      parameters,
    );
  }

  /** Some labels whose photo is not there, by name. */
  async withoutPhoto(limit: number): Promise<LabelName[]> {
    const labels = [
      'SELECT class, photo FROM folder_labels',
      ...this.#files.map((_, index) => `SELECT class, photo FROM (${usableLines(`$file${String(index)}`)})`),
    ];
    const rows = await this.#database.run(
      `SELECT class, photo FROM (${labels.join(' UNION ALL ')}) SEMI JOIN classes USING (class) ANTI JOIN photos ON photos.id = photo
        WHERE NOT (${isBadId}) ORDER BY class, photo LIMIT ${String(limit)}`,
      Object.fromEntries(this.#files.map(({ path }, index) => [`file${String(index)}`, path])),
    );
    return rows.map(([name, photo]) => ({ class: String(name), photo: String(photo) }));
  }

  /**
   * Finds the lines that cannot be used, if there are any.
   * @param hasBadIds - whether lines have photo ids that cannot be one
   * @throws Fault `FILE_READ`
   */
  async inspect(hasBadIds: boolean): Promise<void> {
    const { onProblem, signal } = this.#input;
    for (const file of this.#files)
      if (hasBadIds || this.#flawed.has(file)) await inspectLabelFile(file.file, onProblem, signal);
  }

  #earlier(sql: string): string {
    return this.#input.base === undefined ? '' : `${sql} read_parquet($earlier)`;
  }

  #parameters(): Record<string, string> {
    const { base, blobs } = this.#input;
    return base === undefined ? {} : { earlier: blobs.path(base.labels.id) };
  }
}
