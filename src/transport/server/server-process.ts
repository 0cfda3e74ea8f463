import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** How a process ended. */
export interface ServerExit {
  /** Exit code, `null` if a signal ended it or if it was not our child. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const pollMs = 100;

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The command line of a process, '' if there is none. */
export async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux')
      return (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    return (await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)])).stdout;
  } catch {
    return '';
  }
}

/** Resolves when a process that is not our child has ended. */
export async function untilGone(pid: number): Promise<ServerExit> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, pollMs));
  return { code: null, signal: null };
}

/** Sends a signal; a process that is gone already is none the worse for it. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Ends a process: asks first, and kills it after `timeoutMs`. */
export async function endProcess(
  pid: number,
  exited: Promise<ServerExit>,
  timeoutMs: number,
): Promise<ServerExit> {
  signal(pid, 'SIGTERM');
  const timer = setTimeout(() => {
    signal(pid, 'SIGKILL');
  }, timeoutMs);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}
