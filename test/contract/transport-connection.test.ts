import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection, type ConnectionEvent } from '../../src/transport/connection.ts';
import { freePort, startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;

beforeEach(async () => {
  nats = await startNats();
});

afterEach(async () => {
  await nats.stop();
});

test('comes back by itself after the server was away, and tells', async () => {
  const events: ConnectionEvent['type'][] = [];
  const connection = await Connection.open({
    url: nats.url,
    role: 'node',
    name: 'test',
    onEvent: ({ type }) => events.push(type),
  });
  const never = connection.orBroken(new Promise(() => undefined));
  const broken = expect(never).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
  await nats.kill();
  await broken;
  expect(connection.connected).toBe(false);
  expect(await connection.untilConnected(10)).toBe(false);
  await nats.start();
  expect(await connection.untilConnected(20_000)).toBe(true);
  expect(events).toEqual(['disconnected', 'reconnected']);
  await connection.drain();
  expect(await connection.closed).toBeUndefined();
  await connection.close();
});

test('comes back although the clock was set back meanwhile', async () => {
  const connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  await nats.kill();
  await until(() => !connection.connected);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  try {
    await nats.start();
    expect(await connection.untilConnected(20_000)).toBe(true);
  } finally {
    vi.useRealTimers();
    await connection.close();
  }
});

test('says where nobody listens, and carries nothing in clear to other machines', async () => {
  const url = `nats://127.0.0.1:${String(await freePort())}`;
  const open = (to: string) => Connection.open({ url: to, role: 'submitter', name: 'test', timeoutMs: 500 });
  await expect(open(url)).rejects.toMatchObject({ code: 'NATS_UNREACHABLE', details: { url } });
  await expect(open('nats://u:p@192.0.2.1')).rejects.toMatchObject({ code: 'INSECURE_LISTEN' });
});

test('closing while the server is away ends it', async () => {
  const connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  await nats.kill();
  await until(() => !connection.connected);
  await connection.drain();
  await connection.closed;
  expect(await connection.untilConnected(60_000)).toBe(false);
});
