import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLine } from '../../../src/repl/evaluate.ts';
import { readHistory, writeHistory } from '../../../src/repl/history.ts';
import { listView, traceView, treeView } from '../../../src/repl/views.ts';

describe('a line of the REPL', () => {
  it.each([
    ['tree', { actor: '', node: undefined }],
    ['  tree   n2 ', { actor: '', node: 'n2' }],
    ['state photos', { actor: 'photos', node: undefined }],
    ['kill #14 n1', { actor: '#14', node: 'n1' }],
    ['search "tiger  cat" -dog score>0.8', { text: '"tiger  cat" -dog score>0.8' }],
  ])('%s', (line, expected) => {
    expect(parseLine(line)).toMatchObject(expected);
  });

  it('may be empty', () => {
    expect(parseLine('   ')).toBeUndefined();
  });

  it.each(['fly', 'nodes n1', 'tree n1 n2', 'state', 'kill a b c', 'search', '__proto__', 'constructor'])(
    'is refused with how it is written: %s',
    (line) => {
      expect(() => parseLine(line)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    },
  );
});

describe('what nodes say', () => {
  const child = { id: 'b\u001B', type: 'worker', pid: null, name: 'x', phase: 'restarting', restarts: 2 };
  const root = { id: 'root', type: 'supervisor', pid: '#1', name: null, phase: 'running', restarts: 0 };

  it('is drawn', () => {
    expect(treeView({ ...root, strategy: 'one_for_one', children: [child] })).toBe(
      'root  #1  one_for_one\n└─ b\\u001b (x)  restarting  restarted 2×',
    );
  });

  it('is shown as JSON where a newer node says something else', () => {
    expect(treeView({ answer: 42 })).toBe('{\n  "answer": 42\n}');
    expect(listView('x')).toBe('"x"');
    expect(traceView(null)).toBe('null');
  });

  it('says whether a trace goes on', () => {
    expect(traceView({ active: true, entries: [] })).toBe('Nothing was handled. The trace goes on.');
    const entries = [{ at: 0, kind: 'message', content: { type: 'renew' }, tookMs: null }];
    expect(traceView({ active: false, entries })).toMatch(/message +– +type "renew"\nThe trace has ended\.$/);
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
