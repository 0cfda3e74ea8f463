import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  activityView,
  freshEntries,
  listView,
  mailboxView,
  topOf,
  traceView,
  treeView,
} from '../../../src/repl/actor-views.ts';
import { replCommands } from '../../../src/repl/commands.ts';
import { durationText } from '../../../src/repl/duration.ts';
import { parseLine } from '../../../src/repl/evaluate.ts';
import { answerOf } from '../../../src/repl/findings.ts';
import { readHistory, writeHistory } from '../../../src/repl/history.ts';
import { auditView, logsView, nodeView, queueView } from '../../../src/repl/node-views.ts';

describe('a line of the REPL', () => {
  it.each([
    ['nodes', 'nodes', {}],
    ['tree', 'tree', { node: undefined }],
    ['  tree   n2 ', 'tree', { node: 'n2' }],
    ['state photos', 'state', { actor: 'photos', node: undefined }],
    ['kill #14 n1', 'kill', { actor: '#14', node: 'n1' }],
    ['restart services/tags', 'restart', { actor: 'services/tags', node: undefined }],
    ['search "tiger  cat" -dog score>0.8', 'search', { text: '"tiger  cat" -dog score>0.8' }],
    ['tag my  cat.jpg', 'tag', { text: 'my  cat.jpg' }],
    ['dead', 'dead list', {}],
    ['dead list', 'dead list', {}],
    ['dead  show 17', 'dead show', { number: 17 }],
    ['dead retry all', 'dead retry', { numbers: 'all' }],
    ['dead remove 1 2', 'dead remove', { numbers: [1, 2] }],
    ['models', 'models list', {}],
    ['models activate 3f2a91 e616c5', 'models activate', { models: ['3f2a91', 'e616c5'] }],
    ['logs', 'logs', { word: undefined, node: undefined }],
    ['logs photos n1', 'logs', { word: 'photos', node: 'n1' }],
  ])('%s', (line, name, argument) => {
    const statement = parseLine(line);
    expect(statement?.command.name).toBe(name);
    expect(statement?.argument).toEqual(argument);
  });

  it('may be empty', () => {
    expect(parseLine('   ')).toBeUndefined();
  });

  it.each([
    'fly',
    'nodes n1',
    'tree n1 n2',
    'tree N1',
    'tree n1.>',
    'state',
    'state a.b',
    'state *',
    'kill a b c',
    'kill ../../x',
    'restart photos *',
    'dead show',
    'dead show x',
    'dead show 0',
    'dead retry',
    'dead retry 1 all',
    'dead remove 1e9',
    'dead fly',
    'models activate',
    'models activate xyz',
    'models 3f2a91',
    'logs a b c',
    'queue n1',
    'tag',
    'search',
    '__proto__',
    'constructor',
  ])('is refused with how it is written: %s', (line) => {
    expect(() => parseLine(line)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringMatching(/^\S.*\.$/) as string,
      }) as Error,
    );
  });

  it('is told to whoever asks for help, one row a command', () => {
    const names = replCommands.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, help } of replCommands) expect(`${name}: ${help}`).toMatch(/^[a-z ]+: .{5,80}$/);
  });
});

describe('what nodes say', () => {
  const child = { id: 'b\u001B', type: 'worker', pid: null, name: 'x', phase: 'restarting', restarts: 2 };
  const root = { id: 'root', type: 'supervisor', pid: '#1', name: null, phase: 'running', restarts: 0 };
  const views = { treeView, listView, traceView, mailboxView, nodeView, queueView, logsView, auditView };

  it('is drawn', () => {
    expect(treeView({ ...root, strategy: 'one_for_one', children: [child] })).toBe(
      'root  #1  one_for_one\n└─ b\\u001b (x)  restarting  restarted 2×',
    );
  });

  it.each(Object.entries(views))('is shown as JSON where a newer node says something else: %s', (_, view) => {
    expect(view('x')).toBe('"x"');
    expect(view(null)).toBe('null');
  });

  it('says whether a trace goes on, and what it has left out', () => {
    expect(traceView({ active: true, dropped: 0, entries: [] })).toBe(
      'Nothing was handled.\nThe trace goes on.',
    );
    const entries = [{ number: 1, at: 0, kind: 'message', content: { type: 'renew' }, tookMs: null }];
    expect(traceView({ active: false, dropped: 9, entries })).toMatch(
      /message +– +type "renew"\nThe trace has ended; 9 more were handled than it records\.$/,
    );
  });

  it('is shown of a trace once a message is handled', () => {
    const done = { number: 1, at: 0, kind: 'message', content: 'a', tookMs: 1 };
    const atHand = { ...done, number: 2, tookMs: null };
    const numbersOf = (report: unknown) => freshEntries(report).entries.map(({ number }) => number);
    expect(numbersOf({ active: true, dropped: 0, entries: [done, atHand] })).toEqual([1]);
    expect(numbersOf({ active: false, dropped: 0, entries: [done, atHand] })).toEqual([1, 2]);
  });

  it('shows what waits, and what an actor is busy with', () => {
    const view = mailboxView({
      phase: 'running',
      mailbox: { length: 7, limit: 10, signals: 1, handled: 3, current: { forMs: 61_000, content: 'x\n' } },
      messages: [{ type: 'tag' }, 'b'],
      signals: [{ type: 'exit' }],
    });
    expect(view.split('\n').map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
      'phase running',
      'waiting 7/10',
      'signals 1',
      'handled 3',
      'busy for 1 min 1 s: x\\n',
      'WAITS CONTENT',
      'signal type "exit"',
      '1 type "tag"',
      '2 b',
      '… 5 more',
    ]);
  });

  it('ranks the actors of all nodes: stuck, loaded, busy', () => {
    const idle = {
      name: 'idle',
      pid: '#1',
      kind: 'k',
      phase: 'running',
      perSecond: 0,
      waiting: 0,
      limit: null,
    };
    const free = { ...idle, busyMs: null, current: null };
    const n1 = [free, { ...free, name: 'quick', perSecond: 900 }, { ...free, name: 'loaded', waiting: 3 }];
    const n2 = [{ ...free, name: 'stuck', busyMs: 5_000, current: { type: 'tag' } }];
    const ranked = topOf([
      { node: 'n1', value: n1 },
      { node: 'n2', value: n2 },
      { node: 'n3', error: { code: 'NODE_GONE', message: 'gone' } },
    ]);
    expect(ranked.map(({ node, name }) => [node, name])).toEqual([
      ['n2', 'stuck'],
      ['n1', 'loaded'],
      ['n1', 'quick'],
      ['n1', 'idle'],
    ]);
    expect(activityView(ranked)).toMatch(/\n.*loaded.*\n.*quick.*\nThe others are idle\.$/);
    expect(activityView(ranked.slice(-1))).toBe('All actors are idle.');
    expect(activityView(ranked).split('\n')[1]).toMatch(/^n2 +stuck +k +running +0 +0 +5\.0 s +type "tag"$/);
  });

  it('stands under the name of its node where several answer', () => {
    const findings = [
      { node: 'n1', value: 'a\nb' },
      { node: 'n2', error: { code: 'NODE_GONE', message: 'It is gone.' } },
    ];
    expect(answerOf(findings, String)).toEqual({ value: findings, text: 'n1\n  a\n  b\nn2\n  It is gone.' });
    expect(answerOf([{ node: 'n1', value: 'a' }], String)).toEqual({ value: 'a', text: 'a' });
  });

  it.each([
    [340, '340 ms'],
    [12_340, '12.3 s'],
    [250_000, '4 min 10 s'],
    [7_500_000, '2 h 5 min'],
  ])('%i ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe('the history', () => {
  it('is kept for its user alone, the newest lines first', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'autotag-history-'));
    const file = join(folder, 'state', 'repl-history');
    expect(await readHistory(file)).toEqual([]);
    const lines = Array.from({ length: 600 }, (_, index) => `tree n${String(index)}`);
    await writeHistory(file, lines);
    expect(await readHistory(file)).toEqual(lines.slice(0, 500));
    expect((await readFile(file, 'utf8')).endsWith('tree n0\n')).toBe(true);
    expect((await stat(file)).mode & 0o077).toBe(0);
    await rm(folder, { recursive: true });
  });
});
