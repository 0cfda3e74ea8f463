import { randomBytes } from 'node:crypto';
import { readFile, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../base/errors.ts';
import { hostOfServer, isLoopback, parseAddress, type Credentials } from './address.ts';
import { writePrivately } from './server/private-file.ts';
import type { Role } from './subjects.ts';

/** Passwords of the embedded server's users, by role. */
export type ServerPasswords = Readonly<Record<Role, string>>;

const loopback = '127.0.0.1';
const passwordsSchema = z.object({ submitter: z.string(), node: z.string(), operator: z.string() });
const clusterSchema = z.object({ user: z.string(), pass: z.string(), invitation: z.string().optional() });

/**
 * Passwords of the server of a data folder, made at random the first time (a file with mode 0600).
 * @throws Fault `DATA_FOLDER`
 */
export async function serverPasswords(dataFolder: string): Promise<ServerPasswords> {
  const file = passwordFile(dataFolder);
  try {
    const kept = await readJson(file, passwordsSchema);
    if (kept !== undefined) return kept;
    const made = { submitter: randomPassword(), node: randomPassword(), operator: randomPassword() };
    await writePrivately(file, JSON.stringify(made));
    return made;
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder: dataFolder, reason: reasonOf(error) }, error);
  }
}

/**
 * Credentials for a server, as far as this user of the machine may know them: those in the URL, else those of the data
 * folder, else those that a running node left in the user's configuration folder. `undefined` if there are none: a local
 * server then takes the connection as a submitter's.
 * @throws Fault `USAGE` (no URL), `DATA_FOLDER` (a file that cannot be read)
 */
export async function credentialsFor(
  url: string,
  options: { readonly dataFolder?: string; readonly role?: Role } = {},
): Promise<Credentials | undefined> {
  const { credentials } = parseAddress(url);
  if (credentials !== undefined) return credentials;
  const { dataFolder, role = 'operator' } = options;
  const folder = dataFolder ?? clusterFolder();
  try {
    if (dataFolder === undefined) {
      const shared = await readJson(clusterFile(url), clusterSchema);
      return shared === undefined ? undefined : { user: shared.user, pass: shared.pass };
    }
    const kept = await readJson(passwordFile(dataFolder), passwordsSchema);
    return kept === undefined ? undefined : { user: role, pass: kept[role] };
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder, reason: reasonOf(error) }, error);
  }
}

/**
 * The token of a node's server that listens for other machines, if this user may know it: such a server is found under its
 * own address, and under the port of loopback that it would have otherwise.
 * @throws Fault `USAGE` (no URL), `DATA_FOLDER` (a file that cannot be read)
 */
export async function sharedInvitation(url: string): Promise<string | undefined> {
  try {
    return (await readJson(clusterFile(url), clusterSchema))?.invitation;
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder: clusterFolder(), reason: reasonOf(error) }, error);
  }
}

/**
 * Leaves credentials where {@link credentialsFor} of the same user finds them, and a token for {@link sharedInvitation}.
 * @throws Fault `DATA_FOLDER`; commands then need the credentials in their URL
 */
export async function shareCredentials(
  url: string,
  credentials: Credentials,
  invitation?: string,
): Promise<void> {
  try {
    for (const file of clusterFiles(url, invitation))
      await writePrivately(file, JSON.stringify({ ...credentials, invitation }));
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder: clusterFolder(), reason: reasonOf(error) }, error);
  }
}

/** Takes back what {@link shareCredentials} left, unless somebody else has replaced it. */
export async function withdrawCredentials(
  url: string,
  credentials: Credentials,
  invitation?: string,
): Promise<void> {
  for (const file of clusterFiles(url, invitation)) {
    const kept = await readJson(file, clusterSchema).catch(() => undefined);
    if (kept?.pass === credentials.pass) await unlink(file).catch(() => undefined);
  }
}

function clusterFolder(): string {
  const configuration = process.env['XDG_CONFIG_HOME'];
  const base =
    configuration === undefined || configuration === '' ? join(homedir(), '.config') : configuration;
  return join(base, 'autotag', 'clusters');
}

// All names of loopback are one server.
function clusterFile(url: string): string {
  const server = parseAddress(url).servers[0] ?? '';
  const host = hostOfServer(server);
  const name = isLoopback(host) ? loopback : host.replace(/[^A-Za-z0-9.-]/g, '_');
  return join(clusterFolder(), `${name}-${portOf(server)}.json`);
}

function clusterFiles(url: string, invitation: string | undefined): Set<string> {
  const own = clusterFile(url);
  if (invitation === undefined) return new Set([own]);
  const near = `nats://${loopback}:${portOf(parseAddress(url).servers[0] ?? '')}`;
  return new Set([own, clusterFile(near)]);
}

function portOf(server: string): string {
  return server.slice(server.lastIndexOf(':') + 1);
}

function passwordFile(dataFolder: string): string {
  return join(dataFolder, 'nats', 'passwords.json');
}

// A letter first: nats.conf reads what begins with a digit as a number.
function randomPassword(): string {
  return `p${randomBytes(24).toString('hex')}`;
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
