import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CapturedCli } from '../../support/captured-cli.ts';
import { temporaryFolder } from '../../support/model.ts';
import { startNats, type TestNats } from '../../support/nats.ts';
import { StubRunService } from '../../support/run-service.ts';
import { until } from '../../support/until.ts';

describe('tagging a file', () => {
  let nats: TestNats;
  let service: StubRunService;
  let folder: string;
  let remove: () => Promise<void>;
  let pixels: string;
  let out: string;

  beforeEach(async () => {
    nats = await startNats();
    service = await StubRunService.open(nats.url);
    ({ path: folder, remove } = await temporaryFolder());
    [pixels, out] = [join(folder, 'p.tsv'), join(folder, 'out.tsv')];
    await writeFile(pixels, '');
  });

  afterEach(async () => {
    await service.close();
    await nats.stop();
    await remove();
  });

  /** Begins a command; what it ends with, and its output. */
  function tag(...args: string[]): { cli: CapturedCli; code: Promise<number> } {
    const cli = new CapturedCli();
    return { cli, code: cli.run('tag', ...args, '--nats', nats.url) };
  }

  it('tells the node all it was told, and follows the run to its end', async () => {
    const { cli, code } = tag(
      ...['--pixels', pixels, '--folders', folder, '--list', pixels, '--out', out, '--overwrite'],
      ...['--model', 'abcdef', '--scores', 'all', '--only', 'unprocessed', '--limit-rate', '2.5'],
    );
    await until(() => service.looks > 0);
    expect(service.asked).toEqual([
      {
        what: 'start',
        node: 'n1',
        value: {
          ...{ kind: 'tag', pixels: [pixels], folders: [folder], lists: [pixels], out, overwrite: true },
          ...{ model: 'abcdef', scores: 'all', only: 'unprocessed', rate: 2.5 },
        },
      },
    ]);
    service.update('tag-1', { state: 'done', detail: { model: 'x', out, photos: { tagged: 7 } } });
    expect(await code).toBe(0);
    expect(cli.out).toMatch(/^run +tag-1\n(?:.*\n)*model +x\nout +.*out\.tsv\nphotos +tagged 7\n$/);
  });

  it('is cancelled and resumed as any run', async () => {
    await tag('--pixels', pixels, '--out', out, '--detach').code;
    expect(await tag('cancel', 'tag-1').code).toBe(0);
    const resumed = tag('resume', '--detach', '--json');
    expect(await resumed.code).toBe(0);
    expect(resumed.cli.values).toMatchObject([{ id: 'tag-1', state: 'running' }]);
    expect(service.asked.map(({ what }) => what)).toEqual(['start', 'cancel', 'resume']);
  });

  it('rests until it is resumed, and says so to whoever follows it', async () => {
    const { cli, code } = tag('--pixels', pixels, '--out', out);
    await until(() => service.looks > 0);
    expect(await tag('pause').code).toBe(0);
    expect(await code).toBe(1);
    expect(cli.err).toMatch(/The run tag-1 was paused; resume it\.\n$/);
    expect(service.asked.map(({ what }) => what)).toEqual(['start', 'pause']);
  });

  it('shows how far it is where nobody knows of how many', async () => {
    await tag('--pixels', pixels, '--out', out, '--detach').code;
    const updatedAt = Date.now();
    service.update('tag-1', { step: 'tag', progress: { done: 10, total: 0, share: 0.1 }, updatedAt });
    const { cli, code } = tag('status');
    await until(() => service.looks > 1);
    const progress = { done: 40, total: 0, share: 0.4 };
    service.update('tag-1', { progress, updatedAt: updatedAt + 1_000 });
    expect(await code).toBe(0);
    expect(cli.out).toMatch(/\nstep +tag, 40, 40 %, 30\.0\/s, 2 s left\n?/);
  });

  it('lists what failed page by page, and tries it again into a file of its own', async () => {
    await tag('--pixels', pixels, '--out', out, '--limit-rate', '7', '--detach').code;
    service.failures = [
      { failures: [{ file: 'p.tsv', line: 7, code: 'base64', message: 'Line 7 is none.' }], next: 1 },
      { failures: [{ id: 'p1\u001B', file: 'p.tsv', line: 9, code: 'PHOTO_DAMAGED', message: 'It is.' }] },
    ];
    const shown = tag('failures');
    expect(await shown.code).toBe(0);
    expect(shown.cli.out).toBe(
      'p.tsv:7\tbase64\tLine 7 is none.\np.tsv:9\tp1\\u001b\tPHOTO_DAMAGED\tIt is.\n',
    );
    const early = tag('retry');
    expect([await early.code, early.cli.err]).toEqual([2, expect.stringContaining('is not done')]);
    service.update('tag-1', { state: 'done' });
    expect(await tag('retry', '--detach').code).toBe(0);
    expect(service.asked.at(-1)).toMatchObject({
      what: 'start',
      value: { pixels: [pixels], out: `${out}.retry`, rate: 7, overwrite: false, retryOf: 'tag-1' },
    });
    service.update('tag-2', { state: 'done' });
    await tag('--stored', '--detach').code;
    const stored = tag('retry', 'rescore-3');
    expect([await stored.code, stored.cli.err]).toEqual([2, expect.stringContaining('--stored')]);
  });

  it.each([
    [[], 'stale', {}],
    [['--stale'], 'stale', {}],
    [['--all'], 'all', {}],
    [['--all', '--query', 'beach -people'], 'all', { query: 'beach -people' }],
  ])('scores stored photos again: %j', async (args, which, more) => {
    const { cli, code } = tag('--stored', ...args);
    await until(() => service.looks > 0);
    expect(service.asked).toEqual([
      { what: 'start', node: 'n1', value: { kind: 'rescore', which, ...more } },
    ]);
    const photos = { stored: 9, rescored: 7, changed: 5, superseded: 0 };
    const notRescored = { count: 2, examples: ['p1', 'p2'] };
    service.update('rescore-1', { state: 'done', detail: { model: 'x', photos, notRescored } });
    expect(await code).toBe(0);
    expect(cli.out).toMatch(
      /\nphotos +stored 9, rescored 7, changed 5, superseded 0\nnot rescored +2\n +p1\n +p2\n$/,
    );
  });

  it('shows, cancels and resumes runs over stored photos with those over files', async () => {
    await tag('--stored', '--detach').code;
    const status = tag('status', '--json');
    expect(await status.code).toBe(0);
    expect(status.cli.values).toMatchObject([{ id: 'rescore-1' }]);
    expect(await tag('cancel').code).toBe(0);
    const resumed = tag('resume', '--detach');
    expect(await resumed.code).toBe(0);
    expect(resumed.cli.out).toContain('`cluster tag status rescore-1`');
  });

  it('refuses a file that cannot be made, or is there', async () => {
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'there'), '');
    for (const [file, reason] of [
      [join(folder, 'nowhere', 'out.tsv'), 'of its folder, there is no such file or folder'],
      [join(folder, 'taken'), 'something else has this name'],
      [join(folder, 'there'), 'it is there already; choose another name, or give --overwrite'],
    ] as const) {
      const { cli, code } = tag('--pixels', pixels, '--out', file);
      expect(await code).toBe(1);
      expect(cli.err).toBe(`${file} cannot be written: ${reason}.\n`);
    }
  });

  it.each([
    ['no photos', () => ['--out', out]],
    ['no file for the tags', () => ['--pixels', pixels]],
    ['a file that would be replaced by its tags', () => ['--pixels', pixels, '--out', pixels, '--overwrite']],
    ['a model that is none', () => ['--pixels', pixels, '--out', out, '--model', '../x']],
    ['stored photos, and a file', () => ['--stored', '--pixels', pixels]],
    ['stored photos by any model', () => ['--stored', '--model', 'abcdef']],
    ['stored photos at a rate', () => ['--stored', '--limit-rate', '5']],
    ['a query of a file', () => ['--pixels', pixels, '--out', out, '--query', 'cat']],
    ['a rate that is none', () => ['--pixels', pixels, '--out', out, '--limit-rate', '0']],
    ['stale photos and all', () => ['--stored', '--stale', '--all']],
    ['all photos, of a file', () => ['--pixels', pixels, '--out', out, '--all']],
    ['scores that are none', () => ['--pixels', pixels, '--out', out, '--scores', 'best']],
  ])('wrong use is refused with 2 and one sentence: %s', async (_, args) => {
    const { cli, code } = tag(...args());
    expect(await code).toBe(2);
    expect(cli.err).toMatch(/^[^\n]+\.\n$/);
    expect(service.asked).toEqual([]);
  });
});
