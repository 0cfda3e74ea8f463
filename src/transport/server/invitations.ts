import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../../base/errors.ts';
import { credentialsFor } from '../credentials.ts';
import { invitationToken } from '../invitation.ts';
import type { Role } from '../subjects.ts';
import { authorityOf } from './authority.ts';
import { writePrivately } from './private-file.ts';

const schema = z.object({ url: z.string().startsWith('tls://') });

/**
 * Keeps where a server listens for other machines, for {@link invitationOf}; `undefined` if it does not.
 * @param folder - of the server's files
 * @throws Fault `DATA_FOLDER`
 */
export async function keepListening(folder: string, url: string | undefined): Promise<void> {
  try {
    if (url === undefined) await rm(listeningFile(folder), { force: true });
    else await writePrivately(listeningFile(folder), JSON.stringify({ url }));
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder, reason: reasonOf(error) }, error);
  }
}

/**
 * A token for the server of a data folder, `undefined` if that does not listen for other machines. It holds a password.
 * @throws Fault `DATA_FOLDER`
 */
export async function invitationOf(dataFolder: string, role: Role): Promise<string | undefined> {
  try {
    const folder = join(dataFolder, 'nats');
    const url = await readListening(folder);
    const authority = await authorityOf(folder);
    if (url === undefined || authority === undefined) return undefined;
    const credentials = await credentialsFor(url, { dataFolder, role });
    return credentials === undefined ? undefined : invitationToken({ url, ...credentials, authority });
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder: dataFolder, reason: reasonOf(error) }, error);
  }
}

function listeningFile(folder: string): string {
  return join(folder, 'listening.json');
}

async function readListening(folder: string): Promise<string | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(listeningFile(folder), 'utf8'))).url;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
