import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const kept = 500;

/** Where the lines of earlier conversations are kept: the user's state folder, readable by nobody else. */
export function historyFile(): string {
  const state = process.env['XDG_STATE_HOME'];
  const base = state === undefined || state === '' ? join(homedir(), '.local', 'state') : state;
  return join(base, 'autotag', 'repl-history');
}

/** Lines of earlier conversations, newest first; none if they cannot be read. */
export async function readHistory(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(-kept)
    .reverse();
}

/** Keeps the newest lines, given newest first. */
export async function writeHistory(file: string, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${String(process.pid)}`;
  await writeFile(
    draft,
    lines
      .slice(0, kept)
      .reverse()
      .map((line) => `${line}\n`)
      .join(''),
    { mode: 0o600 },
  );
  await rename(draft, file);
}
