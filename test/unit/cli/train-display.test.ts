import { describe, expect, it } from 'vitest';
import { RunDisplay } from '../../../src/cli/run-display.ts';
import { RunPace } from '../../../src/transport/run-pace.ts';
import { Output } from '../../../src/terminal/output.ts';
import { durationText, progressText, runCard, runTable } from '../../../src/terminal/run-views.ts';
import type { RunRecord } from '../../../src/transport/payloads.ts';
import { CapturedCli } from '../../support/captured-cli.ts';

const begun: RunRecord = {
  id: 'train-1',
  node: 'n1',
  spec: {},
  state: 'running',
  startedAt: 0,
  updatedAt: 0,
};

/** The run a while after its start. */
function after(ms: number, change: Partial<RunRecord>): RunRecord {
  return { ...begun, updatedAt: ms, ...change };
}

describe('the progress of a run on a terminal', () => {
  /** What a terminal shows after all of it: lines that were not overwritten. */
  function shown(text: string): string[] {
    const plain = text.replace(/\u001B(?:\[\?\d+[hl]|[78])/g, '');
    return plain.split('\n').map(
      (line) =>
        line
          .split(/\u001B\[1G|\u001B\[0?K|\r/)
          .filter(Boolean)
          .at(-1) ?? '',
    );
  }

  it('is a line a step, and complete when the next one has begun', () => {
    const cli = new CapturedCli();
    Object.assign(cli.stderr, { isTTY: true, columns: 120 });
    const display = new RunDisplay(cli, new Output(cli, false));
    display.show(begun);
    display.show(after(0, { step: 'describe', progress: { done: 0, total: 0 } }));
    display.show(after(2_000, { step: 'describe', progress: { done: 100, total: 0 } }));
    display.show(after(2_500, { step: 'learn', progress: { done: 0, total: 6 } }));
    display.show(after(4_500, { step: 'learn', progress: { done: 3, total: 6 } }));
    display.say('Wait.');
    display.show(after(5_000, { state: 'done', step: 'learn' }));
    display.stop();
    expect(shown(cli.err)).toEqual([
      'describe     100, 50.0/s',
      expect.stringMatching(/^learn +=+-+ 3 of 6, 1\.5\/s, 2 s left$/),
      'Wait.',
      `learn        ${'='.repeat(30)} 6 of 6`,
      '',
    ]);
  });

  it('is left where it was if the run ended otherwise', () => {
    const cli = new CapturedCli();
    Object.assign(cli.stderr, { isTTY: true, columns: 120 });
    const display = new RunDisplay(cli, new Output(cli, true));
    display.show(after(0, { step: 'learn', progress: { done: 0, total: 6 } }));
    display.show(after(90_000, { step: 'learn', progress: { done: 1.5, total: 6 } }));
    display.show(after(99_000, { state: 'cancelled', step: 'learn' }));
    display.stop();
    expect(shown(cli.err)[0]).toMatch(/^learn +=+-+ 1\.5 of 6, 1\.0\/min, 4 min 30 s left$/);
  });
});

describe('the pace of a run', () => {
  it('is that of the last minute of the step', () => {
    const pace = new RunPace();
    const at = (seconds: number, done: number, step = 'a') => {
      const run = after(seconds * 1_000, { step, progress: { done, total: 1_000 } });
      pace.note(run);
      return pace.of(run);
    };
    expect(at(0, 0)).toBeUndefined();
    expect(at(0, 0)).toBeUndefined();
    expect(at(10, 100)).toEqual({ rate: 10, secondsLeft: 90 });
    for (let second = 20; second <= 100; second += 10) at(second, 100 + (second - 10));
    expect(at(110, 200)).toEqual({ rate: 1, secondsLeft: 800 });
    expect(at(120, 5, 'b')).toBeUndefined();
    expect(at(130, 1, 'b')).toBeUndefined();
  });
});

describe('views of runs', () => {
  it('write durations and progress for people', () => {
    expect([0, 59.4, 60, 3_599, 7_500].map(durationText)).toEqual([
      ...['0 s', '59 s', '1 min 0 s', '59 min 59 s', '2 h 5 min'],
    ]);
    expect(progressText({ done: 120, total: 600 }, { rate: 230.4, secondsLeft: 2.1 })).toBe(
      '120 of 600, 230/s, 2 s left',
    );
    expect(progressText({ done: 0.25, total: 0 })).toBe('0.3');
  });

  it('show whatever a run tells, and nothing of it moves the cursor', () => {
    const detail = {
      'a\u001B[2J': null,
      problems: Array.from({ length: 7 }, (_, line) => ({ file: 'p.tsv', line })),
      none: [],
      join: {
        labels: { given: 9 },
        input: { count: 4, examples: [{ code: 'fields', file: 'l.tsv', line: 2, reason: 'has one field' }] },
        photosDamaged: { count: 0, examples: [] },
      },
      clean: { photosDamaged: { count: 0, examples: [] } },
      share: 0.123456,
    };
    const fault = { code: 'DISK_FULL', message: 'There is no\nspace.' };
    const card = runCard(after(61_000, { state: 'failed', step: 'learn', fault, detail }));
    expect(card).toContain(
      'took        1 min 1 s\nstep        learn\nreason      DISK_FULL: There is no\\nspace.',
    );
    expect(card).toContain(
      'a\\u001b[2J  –\nproblems    file p.tsv, line 0\n            file p.tsv, line 1\n',
    );
    expect(card).toMatch(
      /\n +… and 2 more\nnone {8}none\njoin\n {2}labels {4}given 9\n {2}input {5}4\n {12}l\.tsv, line 2 has one field\n {12}… and 3 more\nclean {7}none\nshare {7}0\.1235$/,
    );
    expect(runCard(after(0, { state: 'done', detail: ['x', 1] }))).toMatch(/\ndetail +\["x",1\]$/);
    expect(runTable([after(0, { step: 'learn', progress: { done: 1, total: 2 } })])).toMatch(
      /train-1 .* running +learn, 1 of 2 +n1$/,
    );
  });
});
