import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { builtEntry } from '../../src/base/built-entry.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import { credentialsFor, shareCredentials, withdrawCredentials } from '../../src/transport/credentials.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { request, serve } from '../../src/transport/requests.ts';
import { DataFolderLock } from '../../src/transport/server/data-folder-lock.ts';
import { findNatsServer } from '../../src/transport/server/nats-server-binary.ts';
import { NatsServer } from '../../src/transport/server/nats-server.ts';
import { isAlive } from '../../src/transport/server/server-process.ts';
import type { Role } from '../../src/transport/subjects.ts';
import { freePort } from '../support/nats.ts';
import { until } from '../support/until.ts';

const binary = await findNatsServer();
let dataFolder: string;
let lock: DataFolderLock;
let port: number;
const open: Connection[] = [];
const servers: NatsServer[] = [];

beforeEach(async () => {
  process.env['AUTOTAG_NATS_SERVER'] = binary;
  dataFolder = await mkdtemp(join(tmpdir(), 'autotag data '));
  lock = await DataFolderLock.acquire(dataFolder);
  port = await freePort();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  for (const server of servers.splice(0)) {
    server.kill();
    await server.exited;
  }
  await lock.release();
  await rm(dataFolder, { recursive: true, force: true });
});

const start = async (overrides: Partial<Parameters<typeof NatsServer.start>[0]> = {}) => {
  const server = await NatsServer.start({
    lock,
    name: 'n1',
    port,
    reserveBytes: 1_000_000,
    queueBytes: 0,
    ...overrides,
  });
  servers.push(server);
  return server;
};

const api = (act: string) => `$JS.API.${act}`;

const connectAs = async (server: NatsServer, role: Role, onDenied?: (subject: string) => void) => {
  const credentials = { user: role, pass: server.passwords[role] };
  const connection = await Connection.open({
    url: server.url,
    role,
    name: role,
    credentials,
    onEvent: (event) => {
      if (event.type === 'denied') onDenied?.(event.subject);
    },
  });
  open.push(connection);
  return connection;
};

describe('the embedded server', () => {
  test('starts, keeps its passwords to itself, and stops', async () => {
    const server = await start();
    expect(server).toMatchObject({ adopted: false, url: `nats://127.0.0.1:${String(port)}` });
    const file = join(dataFolder, 'nats', 'passwords.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(server.passwords.node);
    const queue = await PhotoQueue.open(await connectAs(server, 'node'), { maxBytes: server.budget.photos });
    expect((await queue.status()).maxBytes).toBe(server.budget.photos);
    await server.stop();
    await server.exited;
    expect(isAlive(server.pid)).toBe(false);
    expect((await start()).passwords).toEqual(server.passwords);
  });

  test('tells its supervisor when it was killed, and a new one has everything', async () => {
    const server = await start();
    const queue = await PhotoQueue.open(await connectAs(server, 'node'));
    const submitter = new PhotoSubmitter(await connectAs(server, 'submitter'));
    await submitter.submit({ id: 'p', bytes: new Uint8Array([1]) });
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await start();
    await until(() => queue.connection.connected);
    expect((await queue.status()).messages).toBe(1);
  });

  test('one that outlived its node is adopted, watched, and stopped by signal', async () => {
    const first = await start();
    const second = await start();
    expect(second).toMatchObject({ adopted: true, pid: first.pid, url: first.url });
    await connectAs(second, 'operator');
    await second.stop();
    await first.exited;
    expect(isAlive(first.pid)).toBe(false);
  });

  test('one that outlived its node on another port gives way', async () => {
    const first = await start();
    port = await freePort();
    const second = await start();
    expect(second.adopted).toBe(false);
    await first.exited;
    expect(isAlive(second.pid)).toBe(true);
  });

  test('one that outlived its node and hangs is replaced', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGSTOP');
    const second = await start({ adoptTimeoutMs: 500 });
    expect(second).toMatchObject({ adopted: false });
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
  }, 30_000);

  test('says so when the port belongs to another program', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await expect(start()).rejects.toMatchObject({ code: 'PORT_IN_USE', details: { port } });
    other.close();
  });

  test('says so when there is no nats-server, or it does not run', async () => {
    process.env['AUTOTAG_NATS_SERVER'] = '/nonexistent/nats-server';
    await expect(start()).rejects.toMatchObject({ code: 'NATS_MISSING' });
    process.env['AUTOTAG_NATS_SERVER'] = '/bin/false';
    await expect(start()).rejects.toMatchObject({ code: 'NATS_START' });
  });

  test('runs in a process group that Ctrl-C of the node does not reach', async () => {
    const { pid } = await start();
    const group = (of: number) =>
      readFile(`/proc/${String(of)}/stat`, 'utf8').then((text) => text.split(') ')[1]!.split(' ')[2]);
    expect(await group(pid)).not.toBe(await group(process.pid));
  });
});

describe('the lock on a data folder', () => {
  test('is had by one process at a time, names it, and ends with it however it ends', async () => {
    await expect(DataFolderLock.acquire(join(dataFolder, '.'))).rejects.toMatchObject({
      code: 'DATA_LOCKED',
      details: { pid: String(process.pid) },
    });
    await lock.release();
    const module = builtEntry('../../src/transport/server/data-folder-lock', import.meta.url);
    const script = `import(${JSON.stringify(module.href)}).then(async ({ DataFolderLock }) => {
      await DataFolderLock.acquire(${JSON.stringify(dataFolder)});
      console.log('locked');
      setInterval(() => undefined, 1000);
    })`;
    const owner = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    await expect(DataFolderLock.acquire(dataFolder)).rejects.toMatchObject({
      code: 'DATA_LOCKED',
      details: { pid: String(owner.pid) },
    });
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    lock = await DataFolderLock.acquire(dataFolder);
  });

  test('says why a folder cannot be used', async () => {
    await expect(DataFolderLock.acquire('/dev/null/x')).rejects.toMatchObject({ code: 'DATA_FOLDER' });
  });
});

describe('permissions', () => {
  /** What is the nodes' alone: photos and dead letters in their streams, the records of the cluster, answers to others. */
  const beyondAnyClient = [
    ...['INFO', 'STREAM.NAMES', 'STREAM.INFO.KV_autotag-cluster', 'STREAM.CREATE.MINE'].map(api),
    ...['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.MSG.GET', 'STREAM.MSG.DELETE'].map((act) =>
      api(`${act}.AUTOTAG_PHOTOS`),
    ),
    ...['CONSUMER.CREATE.AUTOTAG_PHOTOS', 'CONSUMER.DELETE.AUTOTAG_PHOTOS.taggers'].map(api),
    ...['STREAM.MSG.GET.AUTOTAG_DEAD', 'CONSUMER.CREATE.AUTOTAG_DEAD'].map(api),
    ...['STREAM.MSG.GET.KV_autotag-cluster', 'DIRECT.GET.KV_autotag-cluster.$KV.autotag-cluster.leader'].map(
      api,
    ),
    ...['$KV.autotag-cluster.leader', '$O.autotag-registry.C.x', '$SYS.REQ.SERVER.PING'],
    ...['_INBOX.someone', '_INBOX_node.someone', '_INBOX_operator.someone', '_R_.someone'],
    ...['autotag.v1.task.run.key', 'autotag.v1.results.someone', 'autotag.v1.buried.x'],
  ];

  const denied = async (connection: Connection, subject: string) => {
    const answer = clientOf(connection).request(subject, '{}', { timeout: 2_000 });
    await expect(answer).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' });
  };

  test('any local client may submit without a password, and nothing else', async () => {
    const server = await start();
    await PhotoQueue.open(await connectAs(server, 'node'));
    const connection = await Connection.open({ url: server.url, role: 'submitter', name: 'anybody' });
    open.push(connection);
    const { sequence } = await new PhotoSubmitter(connection).submit({ id: 'p', bytes: new Uint8Array([1]) });
    expect(sequence).toBe(1);
    for (const subject of [
      '$JS.API.CONSUMER.MSG.NEXT.AUTOTAG_PHOTOS.taggers',
      '$JS.API.STREAM.INFO.AUTOTAG_PHOTOS',
      '$JS.API.STREAM.PURGE.AUTOTAG_DEAD',
      '$JS.API.DIRECT.GET.AUTOTAG_PHOTOS',
      '$JS.ACK.AUTOTAG_PHOTOS.taggers.1.1.1.1.0',
      'autotag.v1.dead.remove',
      'autotag.v1.forget',
      'autotag.v1.control.n1.kill',
      'autotag.v1.results.someone',
      'autotag.v1.buried.x',
      ...beyondAnyClient,
    ])
      await denied(connection, subject);
    await expect(PhotoQueue.open(connection)).rejects.toMatchObject({ code: 'NATS_DENIED' });
  });

  test('a submitter cannot listen to what nodes and operators are told', async () => {
    const server = await start();
    const refused: string[] = [];
    const connection = await connectAs(server, 'submitter', (subject) => refused.push(subject));
    const wanted = [
      ...['_INBOX_node.>', '_INBOX_operator.>', '_R_.>', '$KV.>', '$JS.>', '$SYS.>', '>'],
      ...['autotag.v1.submit', 'autotag.v1.buried.*', 'autotag.v1.control.>'],
    ];
    for (const subject of wanted) clientOf(connection).subscribe(subject, { callback: () => undefined });
    await connection.flush();
    await until(() => refused.length === wanted.length);
    expect(refused.sort()).toEqual(wanted.sort());
  });

  test('a submitter cannot have an answer written where it may not write itself', async () => {
    const server = await start();
    const node = await connectAs(server, 'node');
    await PhotoQueue.open(node);
    await serve(node, 'topologyList', {}, () => Promise.resolve({ topologies: [] })).ready;
    const kv = await clientOf(node).jetstream().views.kv('test');
    await kv.put('key', 'untouched');
    const submitter = await connectAs(server, 'submitter');
    const client = clientOf(submitter);
    // Streams answer by themselves, nodes answer with what they may publish.
    for (const subject of ['autotag.v1.submit', 'autotag.v1.topologies.list'])
      for (const reply of ['$KV.test.key', '$JS.API.STREAM.PURGE.KV_test', 'autotag.v1.task.run.key'])
        client.publish(subject, new Uint8Array([1]), { reply });
    await request(submitter, 'topologyList', {}, {});
    await new PhotoSubmitter(submitter).submit({ id: 'p', bytes: new Uint8Array([1]) });
    const entry = await kv.get('key');
    expect([entry?.string(), entry?.revision]).toEqual(['untouched', 1]);
  });

  test('an operator may give orders but takes no photos; a node takes photos but gives no orders', async () => {
    const server = await start();
    const node = await connectAs(server, 'node');
    await PhotoQueue.open(node);
    const operator = await connectAs(server, 'operator');
    for (const subject of ['autotag.v1.control.n1.kill', 'autotag.v1.forget', 'autotag.v1.dead.remove']) {
      await expect(clientOf(operator).request(subject, '', { timeout: 2_000 })).rejects.toMatchObject({
        code: '503',
      });
      await denied(node, subject);
    }
    await denied(operator, '$JS.API.CONSUMER.MSG.NEXT.AUTOTAG_PHOTOS.taggers');
    for (const subject of beyondAnyClient) await denied(operator, subject);
    for (const subject of ['$JS.API.STREAM.DELETE.AUTOTAG_PHOTOS', '$JS.API.STREAM.PURGE.AUTOTAG_PHOTOS'])
      await denied(node, subject);
    await denied(node, '$SYS.REQ.SERVER.PING');
  });

  test('an operator and a node hear nothing that is for the other', async () => {
    const server = await start();
    for (const [role, wanted] of [
      [
        'operator',
        ['_INBOX_node.>', '_R_.>', '$KV.>', '$JS.>', 'autotag.v1.control.>', 'autotag.v1.buried.*'],
      ],
      ['node', ['_INBOX.>', '_INBOX_operator.>', '_R_.>', '$KV.>', 'autotag.v1.submit', '$SYS.>']],
    ] as const) {
      const refused: string[] = [];
      const connection = await connectAs(server, role, (subject) => refused.push(subject));
      for (const subject of wanted) clientOf(connection).subscribe(subject, { callback: () => undefined });
      await connection.flush();
      await until(() => refused.length === wanted.length);
      expect(refused.sort()).toEqual([...wanted].sort());
    }
  });

  test('a wrong password is refused', async () => {
    const server = await start();
    const wrong = { url: `nats://node:guess@127.0.0.1:${String(port)}`, role: 'node', name: 'x' } as const;
    await expect(Connection.open(wrong)).rejects.toMatchObject({ code: 'NATS_LOGIN' });
    expect(server.pid).toBeGreaterThan(0);
  });
});

describe('credentials', () => {
  test('come from the URL, the data folder, or the file of a running cluster', async () => {
    const { passwords, url } = await start();
    process.env['XDG_CONFIG_HOME'] = join(dataFolder, 'config');
    const mine = { user: 'operator', pass: passwords.operator };
    expect(await credentialsFor(`nats://a:b%40c@127.0.0.1:${String(port)}`)).toEqual({
      user: 'a',
      pass: 'b@c',
    });
    expect(await credentialsFor(url, { dataFolder })).toEqual(mine);
    expect(await credentialsFor(url, { dataFolder, role: 'node' })).toEqual({
      user: 'node',
      pass: passwords.node,
    });
    expect(await credentialsFor(url)).toBeUndefined();
    await shareCredentials(url, mine);
    expect(await credentialsFor(`nats://localhost:${String(port)}`)).toEqual(mine);
    const file = join(dataFolder, 'config/autotag/clusters', `127.0.0.1-${String(port)}.json`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await withdrawCredentials(url, { user: 'operator', pass: 'of another' });
    expect(await credentialsFor(url)).toEqual(mine);
    await withdrawCredentials(url, mine);
    expect(await credentialsFor(url)).toBeUndefined();
  });
});
