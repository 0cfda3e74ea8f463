import { credentialsFor } from '../../src/transport/credentials.ts';
import type { Reachable } from './cluster-client.ts';

/** The URL by which another node joins a node of a test: it holds the password of its role. */
export async function joiningUrl({ url, dataFolder }: Reachable): Promise<string> {
  const credentials = await credentialsFor(url, { dataFolder, role: 'node' });
  return url.replace('//', `//node:${credentials?.pass ?? ''}@`);
}
