import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiRole } from '../../src/transport/api-token.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { HttpClient, photoForm, rawRequest } from '../support/http-client.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let operator: ClusterClient;
let anyone: HttpClient;
const clients = new Map<ApiRole, HttpClient>();

beforeAll(async () => {
  cluster = await startClusterNode({ httpOrigins: 'https://photos.example.org' });
  operator = await cluster.connect();
  anyone = new HttpClient(cluster.node.httpUrl);
});

afterAll(async () => {
  await cluster.dispose();
});

test('before the first token is made, anybody on this machine may submit and look, and no more', async () => {
  expect((await anyone.send('/session')).body).toEqual({ role: 'submitter' });
  expect((await anyone.send('/search?q=cat')).status).toBe(200);
  expect(await anyone.send('/dead-letters')).toMatchObject({
    status: 403,
    body: { error: { code: 'ROLE_MISSING' } },
  });
  const url = `${cluster.node.httpUrl}/api/v1/session`;
  expect((await rawRequest(url, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(401);
});

describe('once there are tokens', () => {
  beforeAll(async () => {
    for (const role of ['viewer', 'submitter', 'operator'] as const) {
      const { token } = await operator.ask('tokenAdd', {}, { name: role, role });
      clients.set(role, new HttpClient(cluster.node.httpUrl, token));
    }
    await until(async () => (await anyone.send('/session')).status === 401);
  });

  test.each([
    ['GET', '/search?q=cat', 'viewer'],
    ['GET', '/photos/nobody', 'viewer'],
    ['GET', '/tags', 'viewer'],
    ['GET', '/jobs', 'viewer'],
    ['GET', '/schedules', 'viewer'],
    ['GET', '/models', 'viewer'],
    ['GET', '/cluster', 'viewer'],
    ['GET', '/session', 'viewer'],
    ['POST', '/photos', 'submitter'],
    ['POST', '/photos/from-url', 'submitter'],
    ['DELETE', '/photos/nobody', 'operator'],
    ['POST', '/jobs', 'operator'],
    ['POST', '/jobs/train-x/cancel', 'operator'],
    ['POST', '/jobs/train-x/pause', 'operator'],
    ['POST', '/jobs/train-x/resume', 'operator'],
    ['GET', '/jobs/train-x/failures', 'operator'],
    ['POST', '/schedules', 'operator'],
    ['POST', '/schedules/none/run', 'operator'],
    ['DELETE', '/schedules/none', 'operator'],
    ['POST', '/models/abcdef/activate', 'operator'],
    ['DELETE', '/models/abcdef', 'operator'],
    ['GET', '/dead-letters', 'operator'],
    ['GET', '/dead-letters/1/photo', 'operator'],
    ['POST', '/dead-letters/retry', 'operator'],
    ['DELETE', '/dead-letters', 'operator'],
    ['POST', '/cluster/nodes/n9/kill', 'operator'],
  ] as const)('%s %s is for a %s and whoever may more', async (method, path, needed) => {
    expect((await anyone.send(path, { method })).status).toBe(401);
    const order = [...clients.keys()];
    for (const [role, client] of clients) {
      const { status } = await client.send(path, { method });
      if (order.indexOf(role) < order.indexOf(needed)) expect(status, role).toBe(403);
      else expect([401, 403], role).not.toContain(status);
    }
  });

  test('a token that nobody has is refused, whatever it looks like', async () => {
    for (const token of ['autotag_x', 'x'.repeat(512), 'Ä'])
      expect(
        (
          await rawRequest(`${cluster.node.httpUrl}/api/v1/jobs`, {
            authorization: `Bearer ${encodeURI(token)}`,
          })
        ).status,
      ).toBe(401);
    expect(
      (await rawRequest(`${cluster.node.httpUrl}/api/v1/jobs`, { authorization: 'Basic eDp5' })).status,
    ).toBe(401);
  });

  test('a session opens with a token and goes where a token goes, until it is closed', async () => {
    const { token } = await operator.ask('tokenAdd', {}, { name: 'browser', role: 'operator' });
    const opened = await anyone.send('/session', { json: { token } });
    expect(opened.body).toMatchObject({ name: 'browser', role: 'operator' });
    const set = opened.headers.get('set-cookie')!;
    expect(set).toMatch(/^autotag_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    const cookie = set.split(';')[0]!;
    expect((await anyone.send('/dead-letters', { headers: { cookie } })).status).toBe(200);
    await anyone.send('/session', { method: 'DELETE', headers: { cookie } });
    expect((await anyone.send('/dead-letters', { headers: { cookie } })).status).toBe(401);
    expect((await anyone.send('/session', { json: { token: 'autotag_no' } })).status).toBe(401);
  });

  test.each([
    ['another name (rebinding)', { host: 'evil.example' }, 421],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
    ['another origin', { origin: 'https://evil.example' }, 403],
    ['no origin at all', { origin: 'null' }, 403],
    ['a link that was followed', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 401],
    ['its own page', { 'sec-fetch-site': 'same-origin' }, 401],
    ['a page that is named', { origin: 'https://photos.example.org', 'sec-fetch-site': 'cross-site' }, 401],
    ['loopback by name', { host: 'localhost:1' }, 401],
  ])('a browser on %s', async (_, headers, status) => {
    expect((await rawRequest(`${cluster.node.httpUrl}/api/v1/jobs`, headers)).status).toBe(status);
  });

  test('a page that is named may read the answers', async () => {
    const headers = { origin: 'https://photos.example.org' };
    const { headers: answered } = await clients.get('viewer')!.send('/jobs', { headers });
    expect(answered.get('access-control-allow-origin')).toBe('https://photos.example.org');
  });

  test('names of tokens are unique, and a token is nowhere to be read', async () => {
    const ask = operator.ask('tokenAdd', {}, { name: 'viewer', role: 'viewer' });
    await expect(ask).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const listed = await operator.ask('tokenList', {}, {});
    expect(listed.tokens.map((one) => Object.keys(one).sort())).toContainEqual(['createdAt', 'name', 'role']);
    expect(JSON.stringify(await operator.inspect('audit'))).not.toContain('autotag_');
  });

  test('the command line makes, lists and removes them', async () => {
    const command = async (...args: string[]) => {
      const cli = new CapturedCli();
      const code = await cli.run('token', ...args, '--nats', cluster.node.url, '--data', cluster.data.path);
      return { code, out: cli.out, err: cli.err };
    };
    const made = await command('add', 'by hand', '--role', 'submitter');
    expect(made.out).toMatch(/^autotag_[\w-]{43}\n$/);
    const client = new HttpClient(cluster.node.httpUrl, made.out.trim());
    await until(async () => (await client.send('/session')).status === 200);
    expect((await command('list')).out).toMatch(/^by hand +submitter /m);
    expect(await command('remove', 'by hand')).toMatchObject({ code: 0, out: 'Removed by hand.\n' });
    expect(await command('remove', 'by hand')).toMatchObject({
      code: 1,
      err: 'There is no token by hand.\n',
    });
    expect((await command('add', 'x', '--role', 'king')).code).toBe(2);
  });

  test('nothing is fetched from anywhere unless hosts are named', async () => {
    const answer = await clients
      .get('submitter')!
      .send('/photos/from-url', { json: { url: 'http://127.0.0.1/' } });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'FETCH_REFUSED' } } });
  });

  test('who does not say who they are is soon told to wait', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 80 }, async () => await rawRequest(`${cluster.node.httpUrl}/api/v1/jobs`, {})),
    );
    const refused = statuses.find(({ status }) => status === 429)!;
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const { status } = await clients.get('submitter')!.send('/photos', { form: photoForm([]) });
    expect(status).toBe(400);
  });
});
