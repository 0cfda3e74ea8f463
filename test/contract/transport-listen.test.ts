import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/transport/connection.ts';
import { sharedInvitation, shareCredentials, withdrawCredentials } from '../../src/transport/credentials.ts';
import { invitationToken, readToken } from '../../src/transport/invitation.ts';
import { PhotoQueue } from '../../src/transport/photo-queue.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { serverIdentity } from '../../src/transport/server/authority.ts';
import { DataFolderLock } from '../../src/transport/server/data-folder-lock.ts';
import { invitationOf } from '../../src/transport/server/invitations.ts';
import { certifiedHosts } from '../../src/transport/server/listening.ts';
import { NatsServer } from '../../src/transport/server/nats-server.ts';
import { isAlive } from '../../src/transport/server/server-process.ts';
import type { Role } from '../../src/transport/subjects.ts';
import { freePort, startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

const dayMs = 86_400_000;
// An address of its own, which is loopback's all the same: `--listen` makes no difference between addresses.
const host = '127.0.0.2';

let dataFolder: string;
let lock: DataFolderLock;
let port: number;
const open: Connection[] = [];
const servers: NatsServer[] = [];
const bareServers: TestNats[] = [];

beforeEach(async () => {
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
  await Promise.all(bareServers.splice(0).map((server) => server.stop()));
  await lock.release();
  await rm(dataFolder, { recursive: true, force: true });
});

const start = async (overrides: Partial<Parameters<typeof NatsServer.start>[0]> = {}) => {
  const listening = { host, port };
  const server = await NatsServer.start({
    ...{ lock, name: 'n1', port, listening, reserveBytes: 1_000_000, queueBytes: 0 },
    ...overrides,
  });
  servers.push(server);
  return server;
};

const connectWith = async (url: string, role: Role = 'node') => {
  const connection = await Connection.open({ url, role, name: 'test', timeoutMs: 2_000 });
  open.push(connection);
  return connection;
};

/** Serial number of the certificate that the server shows now. */
const servedSerial = async () => {
  const socket = createConnection(port, host);
  // The server speaks first, in clear.
  await once(socket, 'data');
  const secure = connectTls({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  const { serialNumber } = secure.getPeerCertificate();
  secure.destroy();
  return serialNumber;
};

describe('a server that listens for other machines', () => {
  test('takes those with a token, over TLS, each as its role', async () => {
    const server = await start();
    expect(server).toMatchObject({ adopted: false, url: `tls://${host}:${String(port)}` });
    await PhotoQueue.open(await connectWith(server.invitation('node')!));
    const submitter = await connectWith(server.invitation('submitter')!, 'submitter');
    await new PhotoSubmitter(submitter).submit({ id: 'p', bytes: new Uint8Array([1]) });
    await expect(PhotoQueue.open(submitter)).rejects.toMatchObject({ code: 'NATS_DENIED' });
    expect(submitter.url).toBe(server.url);
  });

  test('takes nobody without a password, and nobody in clear', async () => {
    const { url } = await start();
    const authority = readToken((await invitationOf(dataFolder, 'node'))!).authority;
    await expect(connect({ servers: url, tls: { ca: authority } })).rejects.toMatchObject({
      code: 'AUTHORIZATION_VIOLATION',
    });
    await expect(connect({ servers: url, tls: null })).rejects.toThrow();
    await expect(connectWith(`tls://${host}:${String(port)}`)).rejects.toMatchObject({
      code: 'NATS_CERTIFICATE',
    });
  });

  test('refuses a wrong password in a sentence', async () => {
    const server = await start();
    const token = readToken(server.invitation('node')!);
    await expect(connectWith(invitationToken({ ...token, pass: 'guess' }))).rejects.toMatchObject({
      code: 'NATS_LOGIN',
      message: expect.stringContaining(server.url) as unknown,
    });
  });

  test('keeps what is secret in files of its owner, and invites from the data folder when it is stopped', async () => {
    const server = await start();
    const token = server.invitation('operator')!;
    await server.stop();
    expect(await invitationOf(dataFolder, 'operator')).toBe(token);
    for (const name of ['authority.pem', 'server.pem', 'passwords.json', 'listening.json'])
      expect((await stat(join(dataFolder, 'nats', name))).mode & 0o777, name).toBe(0o600);
    const log = await readFile(join(dataFolder, 'nats', 'nats-server.log'), 'utf8');
    for (const password of Object.values(server.passwords)) expect(log).not.toContain(password);
  });

  test('is adopted, and gives way when it is to listen on loopback alone', async () => {
    const first = await start();
    const second = await start();
    expect(second).toMatchObject({ adopted: true, pid: first.pid, url: first.url });
    expect(second.invitation('node')).toBe(first.invitation('node'));
    const third = await start({ listening: undefined });
    expect(third).toMatchObject({ adopted: false, url: `nats://127.0.0.1:${String(port)}` });
    await first.exited;
    expect([isAlive(first.pid), third.invitation('node')]).toEqual([false, undefined]);
    expect(await invitationOf(dataFolder, 'node')).toBeUndefined();
    await connectWith(third.url, 'submitter');
  });

  test('renews its certificate, and keeps its connections and its authority', async () => {
    const folder = join(dataFolder, 'nats');
    const serial = async () => new X509Certificate(await readFile(join(folder, 'server.pem'))).serialNumber;
    const issued = new Date(Date.now() - 304.5 * dayMs);
    await serverIdentity(folder, certifiedHosts({ host, port }), issued);
    const before = await serial();
    const server = await start();
    const connection = await connectWith(server.invitation('node')!);
    const events: string[] = [];
    connection.on(({ type }) => events.push(type));
    expect(await servedSerial()).toBe(before);
    await server.renew();
    expect(await serial()).toBe(before);
    await server.renew(new Date(Date.now() + 0.9 * dayMs));
    expect(await serial()).not.toBe(before);
    const renewed = await serial();
    await until(async () => (await servedSerial()) === renewed);
    await connectWith(server.invitation('node')!);
    await connection.flush();
    expect(events).toEqual([]);
  });

  test('says so when the address is not of this machine, or the port is taken', async () => {
    await expect(start({ listening: { host: '192.0.2.1', port } })).rejects.toMatchObject({
      code: 'LISTEN_ADDRESS',
      details: { address: '192.0.2.1' },
    });
    const other = createServer().listen(port, host);
    await once(other, 'listening');
    await expect(start()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { port, option: '--listen' },
    });
    other.close();
  });
});

describe('a certificate', () => {
  /** A server without users whose certificate was made at `made`, for `hosts`; answers a token for it. */
  const bareServer = async (hosts: readonly string[], made: Date) => {
    const { file, authority } = await serverIdentity(join(dataFolder, 'bare'), hosts, made);
    const server = await startNats(['--tls', '--tlscert', file, '--tlskey', file]);
    bareServers.push(server);
    const url = `tls://127.0.0.1:${String(server.port)}`;
    return { url, authority, token: invitationToken({ url, user: 'u', pass: 'p', authority }) };
  };
  const refused = (reason: string) => ({
    code: 'NATS_CERTIFICATE',
    message: expect.stringContaining(reason) as unknown,
  });

  test('of the authority, for the address and in time is taken', async () => {
    const { token } = await bareServer(['127.0.0.1'], new Date());
    expect((await connectWith(token)).connected).toBe(true);
  });

  test('that has expired is refused', async () => {
    const { token } = await bareServer(['127.0.0.1'], new Date(Date.now() - 366 * dayMs));
    await expect(connectWith(token)).rejects.toMatchObject(refused('expired'));
  });

  test('that is not valid yet is refused', async () => {
    const { token } = await bareServer(['127.0.0.1'], new Date(Date.now() + 10 * dayMs));
    await expect(connectWith(token)).rejects.toMatchObject(refused('clocks'));
  });

  test('for another address is refused, also where the client knows the address as localhost', async () => {
    const { token } = await bareServer(['10.0.0.1', 'localhost'], new Date());
    await expect(connectWith(token)).rejects.toMatchObject(refused('other addresses'));
  });

  test('of another cluster is refused', async () => {
    const { url } = await bareServer(['127.0.0.1'], new Date());
    const { authority } = await serverIdentity(join(dataFolder, 'other'), ['127.0.0.1']);
    const token = invitationToken({ url, user: 'u', pass: 'p', authority });
    await expect(connectWith(token)).rejects.toMatchObject(refused('issuer'));
  });

  test('is asked for: a server without TLS is refused', async () => {
    const server = await startNats();
    bareServers.push(server);
    const { authority } = await serverIdentity(join(dataFolder, 'other'), ['127.0.0.1']);
    const url = server.url.replace('nats:', 'tls:');
    const token = invitationToken({ url, user: 'u', pass: 'p', authority });
    await expect(connectWith(token)).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
  });
});

test('a shared invitation is found under both addresses, and withdrawn', async () => {
  process.env['XDG_CONFIG_HOME'] = join(dataFolder, 'config');
  const [url, near] = ['tls://10.0.0.1:4222', 'nats://localhost:4222'];
  const mine = { user: 'operator', pass: 'secret' };
  await shareCredentials(url, mine, 'a token');
  expect(await sharedInvitation(url)).toBe('a token');
  expect(await sharedInvitation(near)).toBe('a token');
  expect(await sharedInvitation('nats://localhost:4223')).toBeUndefined();
  await withdrawCredentials(url, { ...mine, pass: 'of another' }, 'a token');
  expect(await sharedInvitation(near)).toBe('a token');
  await withdrawCredentials(url, mine, 'a token');
  expect(await sharedInvitation(near)).toBeUndefined();
});
