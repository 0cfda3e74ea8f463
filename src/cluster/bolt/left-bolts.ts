import { readFile, readdir } from 'node:fs/promises';
import { sep } from 'node:path';
import { signal } from '../../transport/server/server-process.ts';
import { boltVariable } from './bolt-launch.ts';

/**
 * Kills the processes of bolts that a killed node has left behind: those that loop and do not see that their input has ended.
 * Their environment names them, so that nothing has to be kept of them; where the system does not show it (no `/proc`),
 * they are not found.
 * @param folder - holds the folders that bolts of this node are started in; nobody else may start any there
 * @returns their process ids
 */
export async function endLeftBolts(folder: string): Promise<readonly number[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.map(Number).filter((pid) => Number.isSafeInteger(pid) && pid > 1);
  const ours = await Promise.all(pids.map((pid) => isBoltOf(pid, folder)));
  const left = pids.filter((_, index) => ours[index]);
  for (const pid of left) signal(pid, 'SIGKILL');
  return left;
}

async function isBoltOf(pid: number, folder: string): Promise<boolean> {
  const environment = await readFile(`/proc/${String(pid)}/environ`, 'utf8').catch(() => '');
  const variables = environment.split('\0');
  const isBolt = variables.some((variable) => variable.startsWith(`${boltVariable}=`));
  return isBolt && variables.some((variable) => variable.startsWith(`HOME=${folder}${sep}`));
}
