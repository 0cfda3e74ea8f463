import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SetupStep } from '../../../scripts/prepare/step.ts';
import { root, setupScript } from '../../support/setup-script.ts';
import { until } from '../../support/until.ts';

const { tooOld } = await setupScript<{ tooOld: (found: string) => string | undefined }>('node-version.mjs');
const { isInstalled } = await setupScript<{ isInstalled: (wanted: unknown, have: unknown) => boolean }>(
  'packages.mjs',
);
const { hashSources } = await setupScript<{ hashSources: (root: string) => string }>('build.mjs');
const { takeLock } = await setupScript<{
  takeLock: (file: string, note: (line: string) => void) => Promise<() => void>;
}>('lock.mjs');
interface Progress {
  readonly done: (title: string, what: string | undefined, elapsedMs: number) => void;
}
const { Progress, runSteps } = await setupScript<{
  Progress: new (stream: NodeJS.WritableStream) => Progress;
  runSteps: (steps: readonly SetupStep[], progress: Progress) => Promise<boolean>;
}>('steps.mjs');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-setup-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the Node version', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0', '100.0.0'])('%s will do', (version) => {
    expect(tooOld(version)).toBeUndefined();
  });

  it.each(['12.22.0', '18.20.8', '20.18.3', '20.9.0'])('%s is too old', (version) => {
    expect(tooOld(version)).toBe(`Node.js ${version} is too old; install 20.19 or newer.`);
  });

  it('is asked before anything else', async () => {
    const old = "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'18.1.0'}})";
    const child = execFile(process.execPath, ['--import', old, join(root, 'scripts/setup.mjs')]);
    let printed = '';
    child.stderr?.on('data', (text) => (printed += String(text)));
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(printed).toBe('Node.js 18.1.0 is too old; install 20.19 or newer.\n');
  });
});

describe('npm packages', () => {
  const lock = (packages: Record<string, object>) => ({ packages: { '': { name: 'autotag' }, ...packages } });
  const wanted = lock({
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', optional: true },
  });

  it('are there when each has the right content, and optional ones may be missing', () => {
    expect(isInstalled(wanted, wanted)).toBe(true);
    expect(isInstalled(wanted, lock({ 'node_modules/a': { integrity: 'sha512-a' } }))).toBe(true);
  });

  it.each([
    ['nothing is installed', undefined],
    ['the record is empty', {}],
    ['one is missing', lock({})],
    [
      'one is of another version',
      lock({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-other' } }),
    ],
    [
      'an optional one is of another version',
      lock({ ...wanted.packages, 'node_modules/b': { integrity: 'x' } }),
    ],
    ['one is left over', lock({ ...wanted.packages, 'node_modules/c': {} })],
  ])('are installed when %s', (_, have) => {
    expect(isInstalled(wanted, have)).toBe(false);
  });

  it('are installed when there is no lock file to compare with', () => {
    expect(isInstalled(undefined, wanted)).toBe(false);
  });
});

describe('the build', () => {
  it('is made again when a source changes, comes or goes, and only then', () => {
    const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
    for (const file of settings) cpSync(join(root, file), join(folder, file));
    for (const part of ['src/base', 'actors', 'bench', 'scripts', 'test/chaos', 'test/support'])
      mkdirSync(join(folder, part), { recursive: true });
    const seen = new Set<string>();
    const hashed = (change: () => void) => {
      change();
      seen.add(hashSources(folder));
      return seen.size;
    };
    const file = join(folder, 'src/base/a.ts');
    expect(hashed(() => undefined)).toBe(1);
    expect(
      hashed(() => {
        writeFileSync(file, 'export const a = 1;');
      }),
    ).toBe(2);
    expect(
      hashed(() => {
        writeFileSync(join(folder, 'src/notes.md'), 'not compiled');
      }),
    ).toBe(2);
    expect(
      hashed(() => {
        utimesSync(file, 1, 1);
      }),
    ).toBe(2);
    expect(
      hashed(() => {
        writeFileSync(file, 'export const a = 2;');
      }),
    ).toBe(3);
    expect(
      hashed(() => {
        writeFileSync(join(folder, 'package.json'), '{}');
      }),
    ).toBe(4);
    expect(
      hashed(() => {
        rmSync(file);
      }),
    ).toBe(5);
  });
});

describe('the lock', () => {
  const file = () => join(folder, 'lock');
  const silent = () => undefined;

  it('is one holder at a time, and waits for its end', async () => {
    const notes: string[] = [];
    const release = await takeLock(file(), silent);
    let second: (() => void) | undefined;
    const waiting = takeLock(file(), (line) => notes.push(line)).then((taken) => (second = taken));
    await until(() => notes.length > 0);
    expect(notes).toEqual([
      `Another setup (process ${String(process.pid)}) is running here; waiting for it to end.`,
    ]);
    expect(second).toBeUndefined();
    release();
    (await waiting)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is given to one of many at a time', async () => {
    let holders = 0;
    const turns = Array.from({ length: 12 }, async () => {
      const release = await takeLock(file(), silent);
      holders++;
      await new Promise(setImmediate);
      expect(holders).toBe(1);
      holders--;
      release();
    });
    await Promise.all(turns);
    expect(existsSync(file())).toBe(false);
  });

  it('is taken over from a process that is gone', async () => {
    const child = execFile(process.execPath, ['-e', '']);
    const pid = child.pid;
    await once(child, 'close');
    for (const leftOver of [String(pid), '', 'rubbish', '0', '-1']) {
      writeFileSync(file(), leftOver);
      (await takeLock(file(), silent))();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('is taken over from a holder that has not touched it for long', async () => {
    writeFileSync(file(), String(process.ppid));
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(file(), longAgo, longAgo);
    (await takeLock(file(), silent))();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('steps', () => {
  const step = (title: string, run: SetupStep['run']): SetupStep => ({
    title,
    advice: `Mend ${title}.`,
    run,
  });

  it('each say what they did, up to the first that fails, and what to do then', async () => {
    const stream = new PassThrough();
    const done = step('one', () => Promise.resolve(undefined));
    const doing = step('two', (note) => {
      note('fetching');
      return Promise.resolve('fetched');
    });
    const failing = step('three', () => Promise.reject(new Error('no network')));
    const never = step('four', () => Promise.reject(new Error('was run')));
    expect(await runSteps([done, doing, failing, never], new Progress(stream))).toBe(false);
    expect(String(stream.read())).toBe(
      '  ✓ one: up to date\n  … two: fetching\n  ✓ two: fetched\n  ✗ three: no network\n    Mend three.\n',
    );
    expect(await runSteps([done], new Progress(stream))).toBe(true);
  });

  it('clear the line of a running step on a terminal', async () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    const doing = step('one', (note) => {
      note('fetching');
      return Promise.resolve('fetched');
    });
    await runSteps([doing], new Progress(stream));
    expect(String(stream.read())).toBe('\r\u001b[2K  … one: fetching (0.0 s)\r\u001b[2K  ✓ one: fetched\n');
  });
});
