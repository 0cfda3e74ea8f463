import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/base/log.ts';
import { parseNodeOptions } from '../../../src/base/options.ts';
import { RecentLines } from '../../../src/base/recent-lines.ts';
import { configReport, deadReport } from '../../../src/cluster/node-report.ts';

describe('the options that a node shows', () => {
  it.each([
    ['nats://node:geheim@10.0.0.1:4222', 'nats://10.0.0.1:4222'],
    ['tls://node:geheim@a:1,tls://node:geheim@b:2', 'tls://a:1,tls://b:2'],
    ['tls://geheim@a:1', 'tls://a:1'],
    ['nats://node:p@geheim@a:1', 'nats://a:1'],
    ['tls://node:ge/heim,geheim@a:1', '…'],
    ['http://geheim', '…'],
  ])('have no secret: %s', (nats, shown) => {
    const report = configReport(parseNodeOptions({ nats }));
    expect(report['nats']).toBe(shown);
    expect(JSON.stringify(report)).not.toMatch(/heim/);
  });

  it.each([
    ['postgresql://ann:geheim@db.example/photos?sslrootcert=ca.pem', 'postgresql://db.example:5432/photos'],
    ['postgresql:///photos?host=/run/pg&user=geheim', 'postgresql:///photos?host=/run/pg'],
    ['postgresql://ann:ge#heim@db.example/photos', '…'],
    ['geheim', '…'],
  ])('have no secret: %s', (storeUrl, shown) => {
    const report = configReport(parseNodeOptions({ storeUrl }));
    expect(report['storeUrl']).toBe(shown);
    expect(JSON.stringify(report)).not.toMatch(/heim/);
  });

  it('are as they are otherwise', () => {
    const options = parseNodeOptions({ name: 'n2', nats: 'nats://127.0.0.1:4222' });
    expect(configReport(options)).toEqual(options);
  });
});

describe('the age of the oldest message', () => {
  const stream = { messages: 1, bytes: 9, maxBytes: -1 };

  it('is never negative, whatever the clocks of two machines say', () => {
    expect(deadReport({ ...stream, oldestAt: 2_000 }, 5_000).oldestMs).toBe(3_000);
    expect(deadReport({ ...stream, oldestAt: 2_000 }, 1_000).oldestMs).toBe(0);
    expect(deadReport({ ...stream, messages: 0, oldestAt: undefined }, 1_000).oldestMs).toBeNull();
  });
});

describe('the recent lines of a log', () => {
  it('are those that name an actor, as itself, child or supervisor', () => {
    const recent = new RecentLines();
    const log = createLog('info', { node: 'n1' }, recent);
    log.debug('not written');
    log.child({ actor: 'photos' }).info({ password: 'geheim' }, 'one');
    log.error({ supervisor: '#3', child: 'photos' }, 'two');
    log.info({ actor: 'dbwriter' }, 'three');
    expect(recent.read(10, ['photos']).map(({ msg }) => msg)).toEqual(['one', 'two']);
    expect(recent.read(10, ['#3']).map(({ msg }) => msg)).toEqual(['two']);
    expect(recent.read(2).map(({ msg }) => msg)).toEqual(['two', 'three']);
    expect(recent.read(10)[0]).toMatchObject({ node: 'n1', level: 30, password: '[Redacted]' });
  });

  it('are bounded in number and size', () => {
    const recent = new RecentLines();
    for (let count = 0; count < 5_000; count += 1) recent.write(JSON.stringify({ count }));
    expect(recent.read(10_000)).toHaveLength(2_000);
    for (let count = 0; count < 50; count += 1)
      recent.write(JSON.stringify({ count, text: 'x'.repeat(10_000) }));
    expect(recent.read(10_000)).toHaveLength(26);
    recent.write(JSON.stringify({ text: 'x'.repeat(20_000) }));
    expect(recent.read(1)).toMatchObject([{ count: 49 }]);
  });
});
