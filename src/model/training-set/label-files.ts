import { createWriteStream } from 'node:fs';
import { open, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Fault, reasonOf } from '../../base/errors.ts';
import { writeFault } from '../../base/write-fault.ts';
import { readUnpacked } from './input-file.ts';
import type { JoinDatabase } from './join-database.ts';
import { maxLabelLineBytes } from './label-line.ts';

/** A file of label data as the database reads it. */
export interface LabelFile {
  /** As it was given. */
  readonly file: string;
  /** Its content, unpacked, under a name in the scratch folder that has no meaning in a pattern. */
  readonly path: string;
  /** Whether its compressed data ends too early: there is something to report. */
  readonly isCut: boolean;
}

/**
 * Makes a file of label data ready for the database, which would take a compressed file that is cut off for a whole one.
 * @throws Fault `FILE_READ`, `DISK_FULL`, `FILE_WRITE`
 */
export async function prepareLabelFile(file: string, scratch: string, index: number): Promise<LabelFile> {
  const path = join(scratch, `labels-${String(index)}.tsv`);
  if (await isPlain(file)) {
    await symlink(resolve(file), path);
    return { file, path, isCut: false };
  }
  let isCut = false;
  const target = createWriteStream(path);
  let failure: unknown;
  target.on('error', (error) => (failure = error));
  try {
    await pipeline(
      readUnpacked(file, () => (isCut = true)),
      target,
    );
  } catch (error) {
    throw failure === undefined ? error : writeFault(path, error);
  }
  return { file, path, isCut };
}

/** Whether the database can read a file where it is. */
async function isPlain(file: string): Promise<boolean> {
  try {
    if (!(await stat(file)).isFile()) return false;
    const handle = await open(file);
    try {
      const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return buffer.readUInt16BE() !== 0x1f8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

const columns = "{'class': 'VARCHAR', 'photo': 'VARCHAR', 'truth': 'VARCHAR', 'more': 'VARCHAR'}";
// A field that is not there is NULL, so nothing that is there may be: of the control characters, which no name has, one must.
const format =
  `auto_detect = false, delim = '\\t', quote = '', escape = '', comment = '', header = false, nullstr = chr(1), ` +
  `null_padding = true, strict_mode = false, max_line_size = ${String(maxLabelLineBytes)}, buffer_size = 4194304`;

/** Whether a line of label data can be used, as far as the fields tell. */
const usable = "coalesce(class <> '' AND photo <> '' AND truth IN ('TRUE', 'FALSE') AND more IS NULL, false)";

/** SQL of the lines of a file that can be used: class, photo, truth. */
export function usableLines(parameter: string): string {
  return `SELECT class, photo, truth FROM read_csv(${parameter}, columns = ${columns}, ignore_errors = true, ${format}) WHERE ${usable}`;
}

/** What a file of label data has. */
export interface LabelFileSurvey {
  /** Lines that can be used, as far as the fields tell. */
  readonly lines: number;
  /** Whether there are others. */
  readonly hasBadLines: boolean;
}

/** Reads a file once, and adds its classes to the table `given_classes (class, file)`. */
export async function surveyLabelFile(
  database: JoinDatabase,
  { path }: LabelFile,
  index: number,
): Promise<LabelFileSurvey> {
  const lines = `read_csv($path, columns = ${columns}, store_rejects = true, rejects_limit = 1, ${format})`;
  await database.run(
    `CREATE TEMP TABLE survey AS
      SELECT class, count(*) FILTER (${usable}) AS lines, count(*) FILTER (NOT ${usable}) AS bad FROM ${lines} GROUP BY class`,
    { path },
  );
  const bad = await database.count('SELECT coalesce(sum(bad), 0) FROM survey');
  const rejected = await database.count('SELECT count(*) FROM reject_errors');
  const good = await database.count('SELECT coalesce(sum(lines), 0) FROM survey');
  await database.run('INSERT INTO given_classes SELECT class, $index FROM survey WHERE lines > 0', { index });
  for (const table of ['survey', 'reject_errors', 'reject_scans']) await database.run(`DROP TABLE ${table}`);
  return { lines: good, hasBadLines: bad + rejected > 0 };
}
