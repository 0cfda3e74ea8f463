import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Fault } from '../base/errors.ts';
import { printable } from '../terminal/printable.ts';
import { reasonFor, unreadable } from './photo-files.ts';

/**
 * Absolute paths of files that are there: a node reads them from its own folder, and perhaps again when the run is resumed.
 * @throws Fault `FILE_READ`
 */
export async function inputFiles(paths: readonly string[]): Promise<string[]> {
  return await Promise.all(
    paths.map((path) => checked(path, isFile, 'it is not a file that can be read twice')),
  );
}

/**
 * The same of folders.
 * @throws Fault `FILE_READ`
 */
export async function inputFolders(paths: readonly string[]): Promise<string[]> {
  return await Promise.all(paths.map((path) => checked(path, isFolder, 'it is not a folder')));
}

/**
 * The absolute path of a file that can be made.
 * @param overwrite - whether one that is there may be replaced
 * @throws Fault `FILE_WRITE`
 */
export async function outputFile(path: string, overwrite: boolean): Promise<string> {
  const file = resolve(path);
  const refused = (reason: string) => new Fault('FILE_WRITE', { file: printable(path), reason });
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw refused(`of its folder, ${reasonFor(error)}`);
  }
  const stats = await stat(file).catch(() => undefined);
  if (stats?.isFile() === false) throw refused('something else has this name');
  if (stats !== undefined && !overwrite)
    throw refused('it is there already; choose another name, or give --overwrite');
  return file;
}

async function checked(path: string, fits: (stats: Stats) => boolean, otherwise: string): Promise<string> {
  const found = await look(path);
  if (!fits(found)) throw unreadable(path, otherwise).fault;
  return resolve(path);
}

async function look(path: string): Promise<Stats> {
  try {
    await access(path, constants.R_OK);
    return await stat(path);
  } catch (error) {
    throw unreadable(path, reasonFor(error)).fault;
  }
}

function isFile(stats: Stats): boolean {
  return stats.isFile();
}

function isFolder(stats: Stats): boolean {
  return stats.isDirectory();
}
