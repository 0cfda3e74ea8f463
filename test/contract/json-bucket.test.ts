import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { writeAsLeader } from '../../src/transport/led-record.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Activations } from '../../src/transport/activations.ts';
import { clusterKeys, openClusterRecords } from '../../src/transport/cluster-records.ts';
import { Connection, type ConnectionEvent } from '../../src/transport/connection.ts';
import { JsonBucket } from '../../src/transport/json-bucket.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { StubMember } from '../support/stub-member.ts';
import { until } from '../support/until.ts';

const record = z.object({ term: z.int(), text: z.string() });

let nats: TestNats;
let connection: Connection;
let bucket: JsonBucket<z.infer<typeof record>>;
const events: ConnectionEvent[] = [];

beforeEach(async () => {
  events.length = 0;
  nats = await startNats();
  const onEvent = (event: ConnectionEvent) => events.push(event);
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test', onEvent });
  bucket = await JsonBucket.open(connection, 'test', record);
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

/** Writes bytes as another version, or a fault, would. */
async function writeRaw(name: string, key: string, text: string): Promise<void> {
  const kv = await clientOf(connection).jetstream().views.kv(name);
  await kv.put(key, new TextEncoder().encode(text));
}

test.each([
  ['of another shape', '{"term":"first"}'],
  ['cut off', '{"term":1,"te'],
  ['empty', ''],
])('a record that is %s is a fault where it is wanted, and holds up no others', async (_, text) => {
  await bucket.put('some.a', { term: 1, text: 'a' });
  await writeRaw('test', 'some.b', text);
  const unreadable = { code: 'RECORD_UNREADABLE', details: { key: 'some.b', bucket: 'test' } };
  await expect(bucket.get('some.b')).rejects.toMatchObject(unreadable);
  // It would be tried for ever, as if nobody had written it.
  await expect(writeAsLeader(bucket, 'some.b', { term: 2, text: 'b' })).rejects.toMatchObject(unreadable);
  expect([...(await bucket.list('some.*')).keys()]).toEqual(['some.a']);
  const seen: string[] = [];
  const unwatch = await bucket.watch('some.*', (key) => seen.push(key));
  await bucket.put('some.c', { term: 1, text: 'c' });
  await until(() => seen.includes('some.c'));
  expect(seen).toEqual(['some.a', 'some.c']);
  unwatch();
  expect(events).toEqual([
    {
      type: 'error',
      reason: expect.stringContaining('The record some.b of the cluster cannot be read') as unknown,
    },
  ]);
});

test('who watches hears of what came later, also after an error in between, which is reported', async () => {
  const seen: string[] = [];
  const unwatch = await bucket.watch('some.*', (key) => {
    seen.push(key);
    if (seen.length === 1) throw new Error('once');
  });
  await bucket.put('some.a', { term: 1, text: 'a' });
  await until(() => seen.length === 1);
  await bucket.put('some.b', { term: 1, text: 'b' });
  await until(() => seen.length === 3);
  expect(seen).toEqual(['some.a', 'some.a', 'some.b']);
  expect(events).toEqual([{ type: 'error', reason: expect.stringContaining('once') as unknown }]);
  unwatch();
});

test('an activation that cannot be read does not stop who watches', async () => {
  const activations = await Activations.open(connection);
  const models = ['a', 'b'].map((digit) => digit.repeat(64));
  const seen: string[] = [];
  const unwatch = await activations.watch(({ model }) => seen.push(model));
  await activations.activate(models[0]!);
  await writeRaw('autotag-models', 'active', '{');
  await expect(activations.current()).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
  await until(() => events.length > 0);
  await activations.activate(models[1]!);
  await until(() => seen.includes(models[1]!));
  unwatch();
});

test('a node is refused where it cannot read who the cluster is, or who has its name', async () => {
  await openClusterRecords(connection);
  await writeRaw('autotag-cluster', clusterKeys.lease('n1'), '{"from":"the future"}');
  await expect(StubMember.join(nats.url, 'n1')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
  await writeRaw('autotag-cluster', clusterKeys.identity, '{"from":"the future"}');
  await expect(StubMember.join(nats.url, 'n2')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' });
});
