import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { freePort } from '../support/nats.ts';
import { HttpClient, rawRequest } from '../support/http-client.ts';

let cluster: ClusterNode | undefined;

afterEach(async () => {
  await cluster?.dispose();
  cluster = undefined;
});

/** Asks over TLS, and believes nobody but the authority of the node. */
async function ask(path: string, token?: string): Promise<number> {
  const { node, data } = cluster!;
  const ca = await readFile(join(data.path, 'http', 'authority.pem'), 'utf8');
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await new Promise((resolve, reject) => {
    get(`${node.httpUrl}${path}`, { ca, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

const address = Object.values(networkInterfaces())
  .flatMap((found) => found ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

test.skipIf(address === undefined)(
  'other machines get in by TLS and a token; nobody without one, be there any or not',
  async () => {
    cluster = await startClusterNode({ httpListen: `${String(address)}:${String(await freePort())}` });
    expect(cluster.node.httpUrl).toMatch(/^https:/);
    const answers = async (token?: string) =>
      await Promise.all(['/health', '/metrics', '/api/v1/search?q=cat'].map((path) => ask(path, token)));
    expect(await answers()).toEqual([200, 401, 401]);
    const operator = await cluster.connect();
    const { token } = await operator.ask('tokenAdd', {}, { name: 'far', role: 'viewer' });
    expect(await answers(token)).toEqual([200, 200, 200]);
    expect(await answers()).toEqual([200, 401, 401]);
  },
);

test('behind a proxy everybody needs a token, and comes by its name', async () => {
  cluster = await startClusterNode({ httpHosts: 'photos.example.org' });
  const url = `${cluster.node.httpUrl}/api/v1/search?q=cat`;
  expect((await new HttpClient(cluster.node.httpUrl).send('/search?q=cat')).status).toBe(401);
  const operator = await cluster.connect();
  const { token } = await operator.ask('tokenAdd', {}, { name: 'near', role: 'viewer' });
  const authorization = `Bearer ${token}`;
  expect((await rawRequest(url, { authorization, host: 'photos.example.org' })).status).toBe(200);
  expect((await rawRequest(url, { authorization, host: 'other.example.org' })).status).toBe(421);
});
