import { appendFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { AuditLog } from '../../../src/cluster/audit-log.ts';
import { dataFolder, type DataFolder } from '../../support/data-folder.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

let data: DataFolder;
let clock: SimulatedClock;
let logged: string[];

beforeEach(async () => {
  data = await dataFolder();
  clock = new SimulatedClock();
  logged = [];
});
afterEach(() => data.remove());

function open(maxBytes?: number): AuditLog {
  const log = pino({}, { write: (line) => logged.push((JSON.parse(line) as { msg: string }).msg) });
  return new AuditLog({
    folder: data.path,
    node: 'n1',
    clock,
    log,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

const kill = { act: 'control.kill', on: { actor: 'photos' }, by: 'ada@desk' };
const file = () => join(data.path, 'audit.jsonl');

it('keeps who did what, when, to what, and what came of it', async () => {
  const audit = open();
  expect(await audit.carryOut(kill, () => Promise.resolve(42))).toBe(42);
  const failing = audit.carryOut({ act: 'forget', on: { id: 'p' }, by: undefined }, async () => {
    await clock.advance(30);
    throw new Fault('NOT_FOUND', { what: 'photo', id: 'p' });
  });
  await expect(failing).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const at = clock.now();
  const common = { node: 'n1', role: 'operator', id: expect.any(String) as string };
  // Also for who comes after a restart.
  expect(await open().read(10)).toEqual([
    { ...common, ...kill, at: at - 30, outcome: 'done', tookMs: 0 },
    {
      ...common,
      act: 'forget',
      on: { id: 'p' },
      by: null,
      at: at - 30,
      outcome: 'There is no photo p.',
      tookMs: 30,
    },
  ]);
  expect((await open().read(1)).map(({ act }) => act)).toEqual(['forget']);
  expect((await stat(file())).mode & 0o077).toBe(0);
  expect(logged).toEqual(['an operator acts on this node', 'an operator acts on this node']);
});

it('has an act on record before it is carried out', async () => {
  const audit = open();
  await audit.carryOut(kill, async () => {
    expect(await open().read(10)).toMatchObject([{ ...kill, outcome: null, tookMs: null }]);
  });
});

it('cuts what is too long, and survives a line that was cut', async () => {
  await open().carryOut({ ...kill, on: { text: 'x'.repeat(100_000) } }, () => Promise.resolve());
  await appendFile(file(), '{"id":"cut');
  await open().carryOut(kill, () => Promise.resolve());
  const records = await open().read(10);
  expect(records.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
  expect(JSON.stringify(records[0]).length).toBeLessThan(1_000);
});

it('is of a bounded size, the latest acts being kept', async () => {
  const audit = open(2_000);
  for (let count = 0; count < 100; count += 1)
    await audit.carryOut({ ...kill, on: { actor: `a${String(count)}` } }, () => Promise.resolve());
  const files = (await readdir(data.path)).filter((name) => name.startsWith('audit')).sort();
  expect(files).toEqual(['audit.1.jsonl', 'audit.2.jsonl', 'audit.3.jsonl', 'audit.jsonl']);
  for (const name of files) expect((await stat(join(data.path, name))).size).toBeLessThanOrEqual(2_000);
  const last = (await audit.read(3)).map(({ on }) => on);
  expect(last).toEqual([{ actor: 'a97' }, { actor: 'a98' }, { actor: 'a99' }]);
});

it('keeps many acts at once in whole lines', async () => {
  const audit = open();
  await Promise.all(Array.from({ length: 50 }, () => audit.carryOut(kill, () => Promise.resolve())));
  const lines = (await readFile(file(), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(100);
  expect((await audit.read(100)).every(({ outcome }) => outcome === 'done')).toBe(true);
});

it('stops nobody when it cannot be written, and says so', async () => {
  const audit = open();
  await rm(data.path, { recursive: true });
  expect(await audit.carryOut(kill, () => Promise.resolve('acted'))).toBe('acted');
  expect(logged).toContain('an act is not on record');
});
