import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Window } from '../../../src/transport/window.ts';
import { readPhoto } from '../../../src/transport/read-photo.ts';
import { Connection } from '../../../src/transport/connection.ts';
import { PhotoQueue } from '../../../src/transport/photo-queue.ts';
import { CapturedCli } from '../../support/captured-cli.ts';
import { temporaryFolder } from '../../support/model.ts';
import { startNats, type TestNats } from '../../support/nats.ts';
import { until } from '../../support/until.ts';

describe('submitting', () => {
  let nats: TestNats;
  let connection: Connection;
  let queue: PhotoQueue;
  let folder: string;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    nats = await startNats(['-c', join(import.meta.dirname, '../../support/large-payload.conf')]);
    connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
    ({ path: folder, remove } = await temporaryFolder());
  });

  afterEach(async () => {
    await connection.close();
    await nats.stop();
    await remove();
  });

  /** Creates the stream: a limit on one that is there leaves it some room. */
  async function openQueue(maxBytes = -1): Promise<void> {
    queue = await PhotoQueue.open(connection, { maxBytes });
  }

  async function files(count: number, bytes = 100): Promise<void> {
    await mkdir(join(folder, 'sub'));
    for (let number = 0; number < count; number += 1) {
      const name = number % 2 === 0 ? `${String(number)}.jpg` : `sub/${String(number)}.png`;
      await writeFile(join(folder, name), Buffer.alloc(bytes, `${String(number)} `));
    }
  }

  async function queued(): Promise<number> {
    return (await queue.status()).messages;
  }

  it('stores all photos of a folder, and says how many', async () => {
    await openQueue();
    await files(300);
    const cli = new CapturedCli();
    expect(await cli.run('submit', folder, '--nats', nats.url)).toBe(0);
    expect(cli.out).toBe('');
    expect(cli.err).toBe('300 submitted, 0 already there, 0 refused.\n');
    expect(await queued()).toBe(300);
  });

  it('knows doubles, unless it is told to run them again', async () => {
    await openQueue();
    await files(3);
    await new CapturedCli().run('submit', folder, '--nats', nats.url);
    const again = new CapturedCli();
    expect(await again.run('submit', folder, '--nats', nats.url, '--json')).toBe(0);
    expect(again.values).toHaveLength(3);
    for (const line of again.values) expect(line).toMatchObject({ duplicate: true });
    expect(JSON.parse(again.err)).toMatchObject({ summary: { submitted: 0, duplicates: 3 } });
    const rerun = new CapturedCli();
    expect(await rerun.run('submit', folder, '--nats', nats.url, '--rerun')).toBe(0);
    expect(await queued()).toBe(6);
  });

  it('refuses what is no photo for anybody, and sends the others', async () => {
    await openQueue();
    await files(2);
    await writeFile(join(folder, 'empty.jpg'), '');
    await writeFile(join(folder, 'large.jpg'), '');
    await truncate(join(folder, 'large.jpg'), 24 * 1024 * 1024 + 1);
    const cli = new CapturedCli();
    const missing = join(folder, 'missing\u001B.jpg');
    expect(await cli.run('submit', folder, missing, '--nats', nats.url)).toBe(1);
    expect(cli.err).toContain('empty.jpg: The photo has 0 bytes; send the file again.\n');
    expect(cli.err).toMatch(/large\.jpg: The photo has 25165825 bytes, more than the limit/);
    expect(cli.err).toContain('missing\\u001b.jpg cannot be read: there is no such file or folder.\n');
    expect(cli.err).toMatch(/2 submitted, 0 already there, 3 refused\.\n$/);
    expect(await queued()).toBe(2);
  });

  it('sends the largest photos, several at once', async () => {
    await openQueue();
    for (const name of ['a', 'b', 'c'])
      await writeFile(join(folder, `${name}.jpg`), Buffer.alloc(24 * 1024 * 1024, name));
    expect(await new CapturedCli().run('submit', folder, '--nats', nats.url)).toBe(0);
    expect(await queued()).toBe(3);
  });

  it('takes a list of paths', async () => {
    await openQueue();
    await files(4);
    const cli = new CapturedCli(`${join(folder, '0.jpg')}\n${join(folder, 'sub')}\n`);
    expect(await cli.run('submit', '-', '--nats', nats.url)).toBe(0);
    expect(await queued()).toBe(3);
  });

  it('says so when there is no photo', async () => {
    await openQueue();
    const cli = new CapturedCli();
    expect(await cli.run('submit', folder, '--nats', nats.url)).toBe(1);
    expect(cli.err).toContain(`There is no photo in ${folder}.\n`);
  });

  it('waits for room in a full queue, and says so once', async () => {
    await openQueue(100_000);
    await files(40, 10_000);
    const cli = new CapturedCli();
    const submit = cli.run('submit', folder, '--nats', nats.url);
    await until(() => cli.err !== '');
    expect(cli.err).toBe('The queue of photos is full: waiting for room (Ctrl-C stops).\n');
    await queue.limit(-1);
    expect(await submit).toBe(0);
    expect(cli.err).toMatch(/^[^\n]+\n40 submitted, 0 already there, 0 refused\.\n$/);
    expect(await queued()).toBe(40);
  });

  it('ends at a full queue if it is not to wait', async () => {
    await openQueue(100_000);
    await files(40, 10_000);
    const cli = new CapturedCli();
    expect(await cli.run('submit', folder, '--nats', nats.url, '--no-wait-for-room')).toBe(1);
    const [, submitted] = /^(\d+) submitted/.exec(cli.err) ?? [];
    expect(Number(submitted)).toBe(await queued());
    expect(cli.err).toMatch(
      /\nThe queue of photos is full, or the disk behind it almost is; submit again when/,
    );
  });

  it('says what was acknowledged when it is interrupted', async () => {
    await openQueue(100_000);
    await files(40, 10_000);
    const cli = new CapturedCli();
    const submit = cli.run('submit', folder, '--nats', nats.url, '--json');
    await until(() => cli.values.length > 0);
    await until(async () => (await queued()) === cli.values.length);
    cli.interrupt();
    expect(await submit).toBe(130);
    expect(JSON.parse(cli.err)).toMatchObject({ summary: { submitted: await queued() } });
  });

  it('ends when it is interrupted while it waits for results, or for the list', async () => {
    await openQueue();
    await files(2);
    const endless = new Readable({ read: () => undefined });
    for (const [input, path] of [
      ['', folder],
      [endless, '-'],
    ] as const) {
      const cli = new CapturedCli(input);
      const submit = cli.run('submit', path, '--nats', nats.url, '--wait');
      await until(async () => (path === '-' ? endless.readableFlowing === false : (await queued()) === 2));
      cli.interrupt();
      expect(await submit).toBe(130);
      expect(cli.err).toMatch(/^\d submitted, /);
    }
  });
});

describe('room for photos', () => {
  it('is bounded by number and bytes, and lets one photo of any size in', async () => {
    const room = new Window({ count: 2, bytes: 10 });
    await room.enter(100);
    let entered = 0;
    const waiting = [5, 5, 5].map(async (bytes) => {
      await room.enter(bytes);
      entered += 1;
    });
    room.leave(100);
    await until(() => entered === 2);
    room.leave(5);
    await Promise.all(waiting);
    room.leave(5);
    room.leave(5);
    await room.idle();
  });

  it('is given back by a photo that cannot be read', async () => {
    const room = new Window({ count: 1 });
    await expect(readPhoto('/proc/self/mem', room)).rejects.toThrow();
    await expect(readPhoto(import.meta.dirname, room)).rejects.toThrow();
    await room.idle();
  });
});
