import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import type { PhotoResult } from '../../src/transport/payloads.ts';
import { gather, request, serve } from '../../src/transport/requests.ts';
import { listenToResults, ResultPublisher } from '../../src/transport/result-publisher.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let node: Connection;
let operator: Connection;

beforeEach(async () => {
  nats = await startNats();
  node = await Connection.open({ url: nats.url, role: 'node', name: 'node' });
  operator = await Connection.open({ url: nats.url, role: 'operator', name: 'operator' });
});

afterEach(async () => {
  await Promise.all([node.close(), operator.close()]);
  await nats.stop();
});

const hit = { id: 'p', score: 0.9, model: 'm', taggedAt: 1, tags: [{ tag: '__proto__', score: 0.9 }] };

test('a request is checked, defaulted, answered', async () => {
  const seen: unknown[] = [];
  const served = serve(node, 'search', {}, (query) => {
    seen.push(query);
    return Promise.resolve({ photos: [hit] });
  });
  await served.ready;
  expect(await request(operator, 'search', {}, { query: 'beach' })).toEqual({ photos: [hit] });
  expect(seen).toEqual([{ query: 'beach', limit: 20, facets: 0 }]);
  await expect(request(operator, 'search', {}, { query: 'x', limit: 0 })).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
  });
  const raw = await clientOf(operator).request('autotag.v1.search', 'not msgpack at all');
  expect(Buffer.from(raw.data).toString()).toContain('REQUEST_INVALID');
  expect(seen).toHaveLength(1);
  await served.stop();
  await expect(request(operator, 'search', {}, { query: 'x' }, 500)).rejects.toMatchObject({
    code: 'NODE_UNAVAILABLE',
  });
});

test('a fault keeps its code across the subject; any other error is INTERNAL; a wrong answer does not pass', async () => {
  const failing = serve(node, 'photo', {}, ({ id }) => {
    if (id === 'fault') return Promise.reject(new Fault('NOT_FOUND', { what: 'photo', id }));
    if (id === 'bug') return Promise.reject(new TypeError('oops'));
    return Promise.resolve({ dead: 'nonsense' as never });
  });
  await failing.ready;
  const ask = (id: string) => request(operator, 'photo', {}, { id });
  await expect(ask('fault')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'There is no photo fault.',
  });
  await expect(ask('bug')).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(ask('wrong')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await failing.stop();
});

test('one of a queue group answers, all of a subject without; tokens reach the handler', async () => {
  const others = await Connection.open({ url: nats.url, role: 'node', name: 'other' });
  let answers = 0;
  const count = () => {
    answers += 1;
    return Promise.resolve({ retried: 1 });
  };
  const members = [node, others].map((one) => serve(one, 'deadRetry', {}, count, { queueGroup: 'nodes' }));
  const named = [node, others].map((one, n) =>
    serve(one, 'nodes', {}, () => Promise.resolve({ node: `n${String(n)}`, value: n })),
  );
  const inspected = serve(node, 'inspect', { node: 'n0', verb: '*' }, (_, { verb }) =>
    Promise.resolve({ node: 'n0', value: verb }),
  );
  await Promise.all([...members, ...named, inspected].map(({ ready }) => ready));
  for (let n = 0; n < 10; n++) await request(operator, 'deadRetry', {}, { all: true });
  expect(answers).toBe(10);
  const nodes = await gather(operator, 'nodes', {}, {});
  expect(nodes.map((one) => one.node).sort()).toEqual(['n0', 'n1']);
  expect(await request(operator, 'inspect', { node: 'n0', verb: 'tree' }, {})).toEqual({
    node: 'n0',
    value: 'tree',
  });
  await expect(request(operator, 'inspect', { node: 'n9', verb: 'tree' }, {})).rejects.toMatchObject({
    code: 'NODE_UNAVAILABLE',
  });
  await expect(request(operator, 'inspect', { node: 'n0.>', verb: 'tree' }, {})).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
  });
  await others.close();
});

test('photos travel as bytes, answers that are too large are refused with a sentence', async () => {
  const letter = {
    sequence: 1,
    id: 'p',
    rerun: 0,
    bytes: 3,
    code: 'PHOTO_DAMAGED',
    message: 'm',
    attempts: 1,
    submittedAt: 1,
    buriedAt: 2,
  };
  const served = serve(node, 'deadShow', {}, ({ sequence }) =>
    Promise.resolve({ letter, photo: new Uint8Array(sequence === 1 ? 3 : node.maxPayload).fill(7) }),
  );
  await served.ready;
  const { photo } = await request(operator, 'deadShow', {}, { sequence: 1 });
  expect([...photo]).toEqual([7, 7, 7]);
  await expect(request(operator, 'deadShow', {}, { sequence: 2 })).rejects.toThrow(/ask for less/);
  await served.stop();
});

test('more requests than fit are refused at once, and stop waits for those in progress', async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const served = serve(
    node,
    'forget',
    {},
    () => gate.then(() => ({ stored: 1, features: 0, deadLetters: 0 })),
    {
      maxInFlight: 1,
    },
  );
  await served.ready;
  const first = request(operator, 'forget', {}, { id: 'a' });
  await expect(request(operator, 'forget', {}, { id: 'b' })).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
  const stopped = served.stop();
  release();
  expect(await first).toEqual({ stored: 1, features: 0, deadLetters: 0 });
  await stopped;
});

test('results reach their submitter and whoever listens to all', async () => {
  const [mine, all]: [PhotoResult[], PhotoResult[]] = [[], []];
  const fail = (error: unknown) => {
    throw error;
  };
  const subscriptions = [
    listenToResults(operator, 'me', (result) => mine.push(result), fail),
    listenToResults(operator, undefined, (result) => all.push(result), fail),
  ];
  await Promise.all(subscriptions.map(({ ready }) => ready));
  const results = new ResultPublisher(node);
  const tags = [{ tag: '2013', score: 0.5 }];
  results.publish({ id: 'a', file: 'a.jpg', client: 'me' }, { model: 'm', tags });
  results.publish({ id: 'b', file: undefined, client: undefined }, { error: { code: 'X', message: 'y' } });
  await until(() => all.length === 2);
  expect(mine).toEqual([{ id: 'a', file: 'a.jpg', model: 'm', tags }]);
  expect(all).toEqual([mine[0], { id: 'b', error: { code: 'X', message: 'y' } }]);
});
