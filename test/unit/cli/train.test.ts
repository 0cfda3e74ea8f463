import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { CapturedCli } from '../../support/captured-cli.ts';
import { temporaryFolder } from '../../support/model.ts';
import { startNats, type TestNats } from '../../support/nats.ts';
import { StubRunService } from '../../support/run-service.ts';
import { until } from '../../support/until.ts';

describe('training', () => {
  let nats: TestNats;
  let service: StubRunService;
  let folder: string;
  let remove: () => Promise<void>;
  let pixels: string;
  let labels: string;

  beforeEach(async () => {
    nats = await startNats();
    service = await StubRunService.open(nats.url, ['n2', 'n1'], ['a']);
    ({ path: folder, remove } = await temporaryFolder());
    [pixels, labels] = [join(folder, 'p.tsv'), join(folder, 'l.tsv')];
    await writeFile(pixels, '');
    await writeFile(labels, '');
    await mkdir(join(folder, 'photos'));
  });

  afterEach(async () => {
    await service.close();
    await nats.stop();
    await remove();
  });

  /** Begins a command; what it ends with, and its output. */
  function begin(...args: string[]): { cli: CapturedCli; code: Promise<number> } {
    const cli = new CapturedCli();
    return { cli, code: cli.run(...args, '--nats', nats.url) };
  }

  function train(...args: string[]) {
    return begin('train', '--pixels', pixels, '--labels', labels, ...args);
  }

  /** Begins a run and waits until somebody follows it. */
  async function followed(...args: string[]) {
    const begun = train(...args);
    await until(() => service.looks > 0);
    return { ...begun, id: service.last.id };
  }

  it('tells the node all it was told, with absolute paths', async () => {
    const { cli, code } = begin(
      ...['train', '--pixels', pixels, labels, '--labels', labels, '--folders', join(folder, 'photos')],
      ...['--extractor', 'hog', '--name', 'birds', '--precision', '0.9', '--assume-negative', '--strict'],
      ...[
        '--corrections',
        '--min-examples',
        '7',
        '--update',
        'abcdef',
        '--activate',
        '--node',
        'n2',
        '--detach',
      ],
    );
    expect(await code).toBe(0);
    expect(cli.out).toMatch(/^The run train-1 has begun on n2\. `cluster train status train-1` shows/);
    expect(service.asked[0]?.node).toBe('n2');
    expect(service.asked[0]?.value).toEqual({
      ...{ kind: 'train', pixels: [pixels, labels], labels: [labels], folders: [join(folder, 'photos')] },
      ...{
        extractor: 'hog',
        name: 'birds',
        precision: 0.9,
        corrections: true,
        assumeNegative: true,
        strict: true,
      },
      ...{ minExamples: 7, update: 'abcdef', activate: true },
    });
  });

  it('begins on the first node by name that takes runs, and follows the run to its end', async () => {
    const { cli, code, id } = await followed();
    service.update(id, { step: 'describe', progress: { done: 10, total: 0 } });
    await until(() => cli.err.includes('describe'));
    service.update(id, { step: 'learn', progress: { done: 1.5, total: 6 } });
    await until(() => cli.err.includes('learn'));
    service.update(id, {
      state: 'done',
      detail: {
        model: 'ab'.repeat(32),
        classes: 73,
        evaluation: { meanAveragePrecision: 0.86314, judgedClasses: 73 },
        photos: { described: 600, problems: { base64: { count: 2, examples: ['p.tsv, line 7 is cut'] } } },
        steps: [
          { name: 'describe', seconds: 61.2 },
          { name: 'join', seconds: 0.42 },
        ],
      },
    });
    expect(await code).toBe(0);
    expect(cli.err).toMatch(
      /^The run train-1 has begun on n1\. Ctrl-C leaves it alone\.\ndescribe \(after \d s\)\nlearn \(after \d s\)\n$/,
    );
    expect(cli.out).toMatch(/^run +train-1\nstate +done\nnode +n1\n/);
    expect(cli.out).toMatch(/\nmodel +(ab){32}\nclasses +73\n/);
    expect(cli.out).toMatch(/\nevaluation +mean average precision 0\.8631, judged classes 73\n/);
    expect(cli.out).toMatch(
      /\nphotos +described 600\n {2}problems\n {4}base64 +2\n +p\.tsv, line 7 is cut\n/,
    );
    expect(cli.out).toMatch(/ … and 1 more\nsteps +describe 1 min 1 s, join 0\.4 s\n$/);
  });

  it('ends with the record as JSON, and nothing else', async () => {
    const { cli, code, id } = await followed('--json');
    service.update(id, { step: 'learn' });
    service.update(id, { state: 'done', detail: { model: 'x' } });
    expect(await code).toBe(0);
    expect(cli.values).toEqual([service.last]);
    expect(cli.err).toBe('');
  });

  it('ends with the fault of a run that failed', async () => {
    const { cli, code, id } = await followed();
    const fault = new Fault('DISK_FULL', { file: '/data/blobs' }).toWire();
    service.update(id, { state: 'failed', fault });
    expect(await code).toBe(1);
    expect(cli.out).toBe('');
    expect(cli.err).toMatch(/`cluster train resume train-1` goes on where the run was\.\n/);
    expect(cli.err.endsWith(`${fault.message}\n`)).toBe(true);
    const again = begin('train', 'resume', '--json');
    await until(() => service.asked.length === 2);
    service.update(id, { state: 'failed', fault });
    expect(await again.code).toBe(1);
    expect(again.cli.values).toEqual([expect.objectContaining({ id, state: 'failed' })]);
    expect(JSON.parse(again.cli.err)).toMatchObject({ error: { code: 'DISK_FULL' } });
  });

  it('says so when somebody else cancels the run', async () => {
    const { cli, code, id } = await followed();
    const { cli: other, code: cancelled } = begin('train', 'cancel');
    expect(await cancelled).toBe(0);
    expect(other.out).toMatch(/^Cancelled train-1; /);
    expect(await code).toBe(1);
    expect(cli.err).toContain(`The run ${id} was cancelled.\n`);
  });

  it('leaves the run alone at Ctrl-C, and says how to come back', async () => {
    const { cli, code } = await followed();
    cli.interrupt();
    expect(await code).toBe(130);
    expect(cli.out).toBe('');
    expect(cli.err).toMatch(
      /is not followed any more, and goes on\. `cluster train status train-1` shows .* `cluster train cancel train-1` ends it\.\n$/,
    );
    expect(service.asked.map(({ what }) => what)).toEqual(['start']);
    expect(service.last.state).toBe('running');
  });

  it('waits for a server that is gone, and goes on when it is back', async () => {
    const { cli, code, id } = await followed();
    await nats.kill();
    await until(() => cli.err.includes('waiting for it'));
    service.update(id, { state: 'done' });
    await nats.start();
    expect(await code).toBe(0);
    expect(cli.err.match(/waiting for it/g)).toHaveLength(1);
    expect(cli.out).toMatch(/state +done/);
  });

  it('shows a run under way with its pace', async () => {
    await train('--detach').code;
    const { id } = service.last;
    const updatedAt = Date.now();
    service.update(id, { step: 'learn', progress: { done: 10, total: 100 }, updatedAt });
    const { cli, code } = begin('train', 'status');
    await until(() => service.looks > 1);
    service.update(id, { progress: { done: 40, total: 100 }, updatedAt: updatedAt + 1_000 });
    expect(await code).toBe(0);
    expect(cli.out).toMatch(/\nstep +learn, 40 of 100, 30\.0\/s, 2 s left\n?/);
    const json = begin('train', 'status', id, '--json');
    expect(await json.code).toBe(0);
    expect(json.cli.values).toEqual([service.last]);
  });

  it('knows only its own kind of runs, the latest without being told', async () => {
    await train('--detach').code;
    await begin('tag', '--pixels', pixels, '--out', join(folder, 'out.tsv'), '--detach').code;
    service.update('train-1', { state: 'done' });
    const list = begin('train', 'list', '--json');
    expect(await list.code).toBe(0);
    expect(list.cli.values).toMatchObject([{ runs: [{ id: 'train-1' }] }]);
    const table = begin('tag', 'list');
    expect(await table.code).toBe(0);
    expect(table.cli.out).toMatch(/^RUN .*\ntag-2 .* running .*n1\n$/);
    const status = begin('train', 'status');
    expect(await status.code).toBe(0);
    expect(status.cli.out).toMatch(/run +train-1\nstate +done/);
    const cancel = begin('train', 'cancel', 'tag-2');
    expect(await cancel.code).toBe(1);
    expect(cancel.cli.err).toBe('There is no training run tag-2.\n');
  });

  it('says so when there is no run, or no such node', async () => {
    for (const verb of ['status', 'cancel', 'resume']) {
      const { cli, code } = begin('train', verb);
      expect(await code).toBe(1);
      expect(cli.err).toBe('There is no training run yet.\n');
    }
    const list = begin('train', 'list');
    expect(await list.code).toBe(0);
    expect(list.cli.out).toBe('There are no runs.\n');
    const { cli, code } = train('--node', 'n3');
    expect(await code).toBe(1);
    expect(cli.err).toBe('There is no node n3.\n');
    expect(service.asked).toEqual([]);
  });

  it('refuses files that are not there, by name', async () => {
    const missing = join(folder, 'missing.tsv');
    for (const [args, reason] of [
      [
        ['--pixels', pixels, '--labels', missing],
        `${missing} cannot be read: there is no such file or folder.`,
      ],
      [['--labels', folder], `${folder} cannot be read: it is not a file that can be read twice.`],
      [['--folders', labels], `${labels} cannot be read: it is not a folder.`],
    ] as const) {
      const { cli, code } = begin('train', ...args);
      expect(await code).toBe(1);
      expect(cli.err).toBe(`${reason}\n`);
    }
    expect(service.asked).toEqual([]);
  });
});

describe('wrong use of training', () => {
  const nowhere = ['--nats', 'nats://127.0.0.1:1'];

  it.each([
    ['nothing to learn from', []],
    ['photos without labels', ['--pixels', 'a']],
    ['photos without labels, for an update', ['--pixels', 'a', '--update', 'abcdef']],
    ['a precision that is none', ['--labels', 'a', '--precision', '1']],
    ['a name that is none', ['--labels', 'a', '--name', '']],
    ['an extractor that is none', ['--labels', 'a', '--extractor', 'sift']],
    ['a model that is none', ['--update', 'latest']],
    ['no examples', ['--labels', 'a', '--min-examples', '0']],
    ['an unknown verb', ['stauts']],
    ['options before a verb', ['--strict', 'status']],
  ])('is refused with 2 and one sentence: %s', async (_, args) => {
    const cli = new CapturedCli();
    expect(await cli.run('train', ...args, ...nowhere)).toBe(2);
    expect(cli.out).toBe('');
    expect(cli.err).toMatch(/^[^\n]+\.\n$/);
  });

  it('ends with 1 and one sentence where no server is', async () => {
    for (const args of [['--labels', import.meta.filename], ['list'], ['status'], ['resume', 'train-1']]) {
      const cli = new CapturedCli();
      expect(await cli.run('train', ...args, ...nowhere)).toBe(1);
      expect(cli.err).toMatch(/^No NATS server answers at [^\n]+\.\n$/);
    }
  });
});
