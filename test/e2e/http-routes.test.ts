import { get, type IncomingMessage } from 'node:http';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TreeNode } from '../../src/runtime/index.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { HttpClient, photoForm } from '../support/http-client.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let operator: ClusterClient;
let http: HttpClient;
let token: string;

beforeAll(async () => {
  cluster = await startClusterNode();
  operator = await cluster.connect();
  ({ token } = await operator.ask('tokenAdd', {}, { name: 'ops', role: 'operator' }));
  http = new HttpClient(cluster.node.httpUrl, token);
});

afterAll(async () => {
  await cluster.dispose();
});

/** Opens a stream of events; what has come of it is in `text`. */
function listen(query: string, headers: Readonly<Record<string, string>> = {}) {
  const stream = { text: '', close: () => undefined as unknown };
  const request = get(
    `${cluster.node.httpUrl}/api/v1/events${query}`,
    { headers: { authorization: `Bearer ${token}`, ...headers } },
    (response: IncomingMessage) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        stream.text += text;
      });
      response.on('error', () => undefined);
    },
  );
  request.on('error', () => undefined);
  stream.close = () => request.destroy();
  return stream;
}

test('the document describes every route, and is valid OpenAPI 3.1', async () => {
  const { body } = await new HttpClient(cluster.node.httpUrl).send('/openapi.json');
  const validator = new Validator();
  expect(await validator.validate(body as Record<string, unknown>)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const { paths } = body as { paths: Record<string, Record<string, unknown>> };
  expect(Object.keys(paths)).toContain('/api/v1/photos/{id}');
  expect(paths['/api/v1/photos']!['post']).toMatchObject({
    description: 'Role: submitter',
    requestBody: { content: { 'multipart/form-data': { schema: { type: 'object' } } } },
  });
});

test('answers are for nobody to keep, to frame, or to take for something else', async () => {
  const { headers } = await http.send('/search?q=cat');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('x-ratelimit-limit')).toBe('12000');
});

test('what is not there is an error in the same shape', async () => {
  for (const path of ['/nothing', '/jobs/train-none', `/models/${'0'.repeat(64)}`])
    expect(await http.send(path)).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
  const broken = await http.send('/photos/%ff');
  expect(broken).toMatchObject({ status: 400, body: { error: { code: 'REQUEST_INVALID' } } });
  const large = await http.send('/jobs', { headers: { 'x-large': 'x'.repeat(20_000) } });
  expect(large).toMatchObject({ status: 431, body: { error: { code: 'REQUEST_INVALID' } } });
  const text = { method: 'POST', headers: { 'content-type': 'text/plain' } };
  expect((await http.send('/models/rollback', { ...text, json: 'x' })).status).toBe(415);
});

test('models are listed and shown; one is put in use and taken back', async () => {
  const { body } = await http.send('/models');
  const { models, active } = body as { models: { id: string }[]; active: { model: string } };
  expect(models.map(({ id }) => id)).toContain(active.model);
  expect((await http.send(`/models/${active.model.slice(0, 12)}`)).body).toMatchObject({ active: true });
  expect(await http.send('/models/xyz')).toMatchObject({ status: 400 });
  const activated = await http.send(`/models/${active.model}/activate`, { json: { force: true } });
  expect(activated.body).toMatchObject({ model: active.model, dropped: [] });
  expect((await http.send('/models/rollback', { method: 'POST' })).status).toBe(200);
  expect((await http.send(`/models/${active.model}`, { method: 'DELETE' })).status).toBe(409);
});

test('jobs are started, followed, and ended', async () => {
  const started = await http.send('/jobs?node=n1', { json: { kind: 'rescore', which: 'all' } });
  expect(started).toMatchObject({ status: 202, body: { node: 'n1' } });
  const { id } = started.body as { id: string };
  await until(async () => ((await http.send(`/jobs/${id}`)).body as { state: string }).state === 'done');
  expect((await http.send('/jobs')).body).toMatchObject({ jobs: [{ id, state: 'done' }] });
  for (const act of ['cancel', 'pause'])
    expect((await http.send(`/jobs/${id}/${act}`, { method: 'POST' })).status, act).toBe(409);
  expect(await http.send(`/jobs/${id}/failures`)).toMatchObject({ status: 200, body: { failures: [] } });
  expect((await http.send('/jobs?node=n9', { json: { kind: 'rescore' } })).status).toBe(404);
  expect((await http.send('/jobs', { json: { kind: 'rescore', what: 1 } })).status).toBe(400);
});

test('schedules are added, paused, fired and removed by operators, and looked at by viewers', async () => {
  const spec = { name: 'old', when: '0 4 1 * *', job: { kind: 'prune', deadAfterMs: 86_400_000 } };
  const added = await http.send('/schedules', { json: spec });
  expect(added).toMatchObject({
    status: 201,
    body: { spec: { ...spec, zone: 'UTC', overlap: 'skip' }, state: 'active' },
  });
  expect((await http.send('/schedules', { json: spec })).status).toBe(409);
  expect((await http.send('/schedules', { json: { ...spec, when: 'now and then' } })).status).toBe(400);
  expect((await http.send('/schedules', { json: { ...spec, name: 'Old' } })).status).toBe(400);
  const made = await operator.ask('tokenAdd', {}, { name: 'looks', role: 'viewer' });
  const viewer = new HttpClient(cluster.node.httpUrl, made.token);
  expect((await viewer.send('/schedules')).body).toMatchObject({
    schedules: [{ spec: { name: 'old' }, nextAt: expect.any(Number) as unknown }],
  });
  for (const act of ['pause', 'resume', 'run'])
    expect((await viewer.send(`/schedules/old/${act}`, { method: 'POST' })).status).toBe(403);
  expect((await viewer.send('/schedules', { json: spec })).status).toBe(403);
  const paused = await http.send('/schedules/old/pause', { method: 'POST' });
  expect(paused.body).toMatchObject({ state: 'paused' });
  expect(paused.body).not.toHaveProperty('nextAt');
  const fired = await http.send('/schedules/old/run', { method: 'POST' });
  expect(fired).toMatchObject({ status: 202, body: { asked: true } });
  await until(async () => {
    const { body } = await viewer.send('/schedules/old');
    return (body as { firings: { state: string }[] }).firings[0]?.state === 'done';
  }, 50_000);
  expect((await http.send('/schedules/old/resume', { method: 'POST' })).body).toMatchObject({
    state: 'active',
  });
  expect((await http.send('/schedules/old', { method: 'DELETE' })).body).toEqual({ removed: 'old' });
  expect((await http.send('/schedules/old')).status).toBe(404);
  expect(await operator.inspect('audit')).toContainEqual(
    expect.objectContaining({
      act: 'schedules.run',
      by: expect.stringMatching(/^ops by HTTP from /) as unknown,
    }),
  );
});

test('the cluster is shown, and an actor killed on record', async () => {
  const { body } = await http.send('/cluster');
  expect(body).toMatchObject({
    leader: 'n1',
    nodes: [{ name: 'n1', state: 'alive', pid: process.pid }],
    status: { node: 'n1', queue: { photos: 0 } },
  });
  const tree = (await http.send('/cluster/nodes/n1/tree')).body as { tree: TreeNode };
  expect(tree.tree).toMatchObject({ phase: 'running' });
  const killed = await http.send('/cluster/nodes/n1/kill', { json: { pid: 'services/blobs' } });
  expect(killed.body).toMatchObject({ done: { killed: expect.stringMatching(/^#/) as unknown } });
  expect(await operator.inspect('audit')).toContainEqual(
    expect.objectContaining({
      act: 'control.kill',
      by: expect.stringMatching(/^ops by HTTP from /) as unknown,
    }),
  );
  expect((await http.send('/cluster/nodes/n1/kill', { json: { pid: 'nobody' } })).status).toBe(404);
  expect((await http.send('/cluster/nodes/A%20B/tree')).status).toBe(400);
  expect((await http.send('/cluster/nodes/n9/tree')).status).toBe(404);
});

test('events come as they happen, and those of a short absence afterwards', async () => {
  const stream = listen('?topics=results,cluster');
  await until(() => stream.text.includes('event: cluster'));
  const send = (id: string, bytes: Uint8Array) =>
    http.send('/photos?wait=true', { form: photoForm([{ file: 'a.jpg', id, bytes }]) });
  await send('first', await numbered(1));
  await until(() => stream.text.includes('"first"'));
  const id = /^id: (.+)\nevent: result$/m.exec(stream.text)![1]!;
  await send('second', await numbered(2));
  await until(() => stream.text.includes('"second"'));
  stream.close();
  const again = listen('?topics=results', { 'last-event-id': id });
  await until(() => again.text.includes('"second"'));
  expect(again.text).not.toContain('"first"');
  again.close();
  expect((await http.send('/events?topics=weather')).status).toBe(400);
});

test('jobs are told of when they have changed', async () => {
  const stream = listen('?topics=jobs');
  const started = await http.send('/jobs', { json: { kind: 'rescore', which: 'all' } });
  expect(started.status).toBe(202);
  const { id } = started.body as { id: string };
  await until(() => new RegExp(`event: job\ndata: .*"${id}".*"state":"done"`).test(stream.text), 50_000);
  stream.close();
});

test('a token that is removed ends within a second', async () => {
  const made = await operator.ask('tokenAdd', {}, { name: 'gone', role: 'viewer' });
  const theirs = new HttpClient(cluster.node.httpUrl, made.token);
  expect((await theirs.send('/jobs')).status).toBe(200);
  await operator.ask('tokenRemove', {}, { name: 'gone' });
  await until(async () => (await theirs.send('/jobs')).status === 401);
});
