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
    const { cli, code } = tag('--pixels', pixels, '--out', out, '--model', 'abcdef', '--scores', 'all');
    await until(() => service.looks > 0);
    expect(service.asked).toEqual([
      {
        what: 'start',
        node: 'n1',
        value: { kind: 'tag', pixels: [pixels], out, model: 'abcdef', scores: 'all' },
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

  it.each([
    [[], 'stale'],
    [['--stale'], 'stale'],
    [['--all'], 'all'],
  ])('scores stored photos again: %j', async (args, which) => {
    const { cli, code } = tag('--stored', ...args);
    await until(() => service.looks > 0);
    expect(service.asked).toEqual([{ what: 'start', node: 'n1', value: { kind: 'rescore', which } }]);
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

  it('refuses a file that cannot be made', async () => {
    await mkdir(join(folder, 'taken'));
    for (const [file, reason] of [
      [join(folder, 'nowhere', 'out.tsv'), 'of its folder, there is no such file or folder'],
      [join(folder, 'taken'), 'something else has this name'],
    ] as const) {
      const { cli, code } = tag('--pixels', pixels, '--out', file);
      expect(await code).toBe(1);
      expect(cli.err).toBe(`${file} cannot be written: ${reason}.\n`);
    }
  });

  it.each([
    ['no photos', () => ['--out', out]],
    ['no file for the tags', () => ['--pixels', pixels]],
    ['a file that would be replaced by its tags', () => ['--pixels', pixels, '--out', pixels]],
    ['a model that is none', () => ['--pixels', pixels, '--out', out, '--model', '../x']],
    ['stored photos, and a file', () => ['--stored', '--pixels', pixels]],
    ['stored photos by any model', () => ['--stored', '--model', 'abcdef']],
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
