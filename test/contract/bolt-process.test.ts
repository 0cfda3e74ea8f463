import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { BoltProcess, type BoltPlace } from '../../src/cluster/bolt/bolt-process.ts';
import { BoltFolder, isRunning, tuple } from '../support/bolts.ts';
import { until } from '../support/until.ts';

const photo = new Uint8Array(300_000).map((_, index) => index % 251);

let folder: BoltFolder;
let started: BoltProcess[] = [];
beforeEach(async () => {
  folder = await BoltFolder.make();
});
afterEach(async () => {
  for (const process of started) process.kill();
  for (const process of started) await process.exited;
  started = [];
  await folder.remove();
});

async function start(place: BoltPlace | Promise<BoltPlace>): Promise<BoltProcess> {
  const process = await BoltProcess.start({ ...(await place), ...folder.surroundings });
  started.push(process);
  return process;
}

/** The fault of a promise that is rejected. */
async function faultOf(promise: Promise<unknown>): Promise<Pick<Fault, 'code' | 'message'>> {
  const error: unknown = await promise.then(
    () => new Error('it went well'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
}

describe('a bolt that our host runs', () => {
  it('is given the tuple and the bytes of the photo, and adds to it', async () => {
    const process = await start(
      folder.host(
        `import { createHash } from 'node:crypto';
         let place;
         export default {
           init: (given) => { place = given; },
           process: async ({ tuple, photo }) => ({
             attributes: { sha: createHash('sha256').update(photo).digest('hex'), file: tuple.file, task: place.task },
             tags: [...tuple.tags, { tag: place.component, score: 1 }],
           }),
         };`,
        { reads: 'photo' },
      ),
    );
    const { createHash } = await import('node:crypto');
    const sha = createHash('sha256').update(photo).digest('hex');
    for (const shared of [false, true]) {
      const bytes = shared ? new Uint8Array(new SharedArrayBuffer(photo.length)) : photo;
      bytes.set(photo);
      expect(await process.process(tuple, bytes)).toEqual({
        attributes: { sha, file: 'cat.jpg', task: 0 },
        tags: [
          { tag: 'cat', score: 0.9 },
          { tag: 'odd', score: 1 },
        ],
      });
    }
    expect(process.describe()).toMatchObject({ pid: process.pid, state: 'idle', done: 2, failed: 0 });
  });

  it('has an empty photo where its program does not read it, and may add nothing', async () => {
    const process = await start(
      folder.host(
        `export default { process: ({ photo }) => { if (photo.length > 0) throw new Error('a photo'); } };`,
      ),
    );
    expect(await process.process(tuple, photo)).toEqual({});
  });

  it('goes on after an error of its own, which is said', async () => {
    const process = await start(
      folder.host(`let calls = 0;
        export default { process: async () => { if (++calls === 1) throw new Error('no such luck'); return {}; } };`),
    );
    const fault = await faultOf(process.process(tuple));
    expect(fault.code).toBe('BOLT_FAILED');
    expect(fault.message).toContain('photos/odd/0 failed on this photo: no such luck');
    expect(await process.process(tuple)).toEqual({});
  });

  it.each([
    ['an attribute of no valid name', `{ attributes: { 'No Name': 1 } }`],
    ['an attribute that is an object', `{ attributes: { a: {} } }`],
    ['a score beyond 1', `{ tags: [{ tag: 'a', score: 2 }] }`],
    ['a tag twice', `{ tags: [{ tag: 'a', score: 0.2 }, { tag: 'a', score: 0.1 }] }`],
    ['a tag that cannot be kept', `{ tags: [{ tag: 'a\\n', score: 0.2 }] }`],
    ['something unknown', `{ extra: 1 }`],
    ['what no JSON can hold', `{ attributes: { a: 1n } }`],
    ['two megabytes', `{ attributes: { a: 'x'.repeat(2_000_000) } }`],
    ['text', `'text'`],
  ])('costs a tuple when its output is %s', async (_what, output) => {
    const process = await start(
      folder.host(`export default { process: ({ tuple }) => tuple.id === 'good' ? {} : ${output} };`),
    );
    expect((await faultOf(process.process(tuple))).code).toBe('BOLT_FAILED');
    expect(await process.process({ ...tuple, id: 'good' })).toEqual({});
  });

  it('logs what it prints, and never on its standard output', async () => {
    const process = await start(
      folder.host(`console.log('loaded', { a: 1 });
        export default { process: ({ log }) => { process.stdout.write('written'); console.error('wrong'); log.debug('said'); } };`),
    );
    await process.process(tuple);
    await until(() => folder.logged.length >= 4);
    expect(folder.logged.map(({ level, msg }) => [level, msg])).toEqual(
      expect.arrayContaining([
        [30, 'loaded { a: 1 }'],
        [30, 'written'],
        [40, 'wrong'],
        [20, 'said'],
      ]),
    );
  });

  it('is ended by an error that nobody awaits, which is said', async () => {
    const process = await start(
      folder.host(
        `export default { process: () => new Promise(() => setTimeout(() => { throw new RangeError('too far'); })) };`,
      ),
    );
    const fault = await faultOf(process.process(tuple));
    expect(fault.code).toBe('BOLT_DIED');
    expect(fault.message).toContain('it exited with code 1; its last words were: too far');
  });

  it('knows no variable of the node but those it needs', async () => {
    process.env['SECRET_PASSWORD'] = 'x';
    const bolt = await start(
      folder.host(
        `export default { process: () => ({ attributes: { names: Object.keys(process.env).sort().join(), home: process.env.HOME } }) };`,
      ),
    );
    const { attributes } = await bolt.process(tuple);
    delete process.env['SECRET_PASSWORD'];
    expect(attributes?.['home']).toBe(folder.path);
    const names = String(attributes?.['names']).split(',');
    expect(['AUTOTAG_BOLT', 'HOME', 'LANG', 'PATH', 'TZ']).toEqual(expect.arrayContaining(names));
  });

  it('is told that it ends, finishes, and ends with code 0', async () => {
    const process = await start(
      folder.host(`import { writeFileSync } from 'node:fs';
        export default { process: ({ signal }) => new Promise((resolve) => {
          signal.addEventListener('abort', () => { writeFileSync('aborted', ''); resolve(); });
        }) };`),
    );
    const answer = process.process(tuple);
    await process.stop();
    expect(await answer).toEqual({});
    expect((await process.exited).message).toContain('it exited with code 0');
    expect(await readFile(join(folder.path, 'aborted'), 'utf8')).toBe('');
  });
});

describe('a bolt that does not start', () => {
  it.each([
    ['throws on load', `throw new TypeError('no such thing');`, 'its last words were: no such thing'],
    [
      'throws in init',
      `export default { init: () => { throw new Error('no database'); }, process() {} };`,
      'no database',
    ],
    ['cannot be parsed', `export default {`, 'its last words were: Unexpected end of input'],
    ['exports no bolt', `export default 7;`, 'export default bolt('],
    ['ends while it loads', `process.exit(0);`, 'it exited with code 0'],
  ])('as it %s', async (_what, source, reason) => {
    const fault = await faultOf(start(folder.host(source)));
    expect(fault).toMatchObject({ code: 'BOLT_START' });
    expect(fault.message).toContain(reason);
  });

  it('as there is no such program, file or folder', async () => {
    const fault = await faultOf(start(folder.command(['no-such-program'])));
    expect(fault).toMatchObject({ code: 'BOLT_START' });
    expect(fault.message).toContain('there is no program no-such-program on this machine');
    expect((await faultOf(start(folder.command(['node', 'none.mjs'])))).message).toContain(
      'Cannot find module',
    );
    expect((await faultOf(start(folder.command(['with\0zero'])))).code).toBe('BOLT_START');
  });

  it('as it speaks another protocol', async () => {
    const fault = await faultOf(
      start(folder.raw(`await next(); say({ ready: { protocol: 2 } }); await next();`)),
    );
    expect(fault).toMatchObject({ code: 'BOLT_START' });
  });

  it('as it never says that it is ready', async () => {
    const fault = await faultOf(
      start(folder.raw(`console.error('waiting for Godot'); await next(); await next();`)),
    );
    expect(fault).toMatchObject({ code: 'BOLT_START' });
    expect(fault.message).toContain(
      'within 10000 ms that it is ready; its last words were: waiting for Godot',
    );
  });

  it('when nobody wants it any more', async () => {
    const ending = AbortSignal.abort();
    const place = await folder.raw(`await begin(); await next();`);
    const fault = await faultOf(BoltProcess.start({ ...place, ...folder.surroundings, ending }));
    expect(fault).toMatchObject({ code: 'BOLT_DIED' });
  });
});

describe('a process is ended, and its tuple told why', () => {
  const cases: [string, string, string, string][] = [
    ['loops for ever', `while (true);`, 'BOLT_DEADLINE', '1000 ms'],
    ['waits for ever', `await new Promise(() => setInterval(() => 0, 1e6));`, 'BOLT_DEADLINE', '1000 ms'],
    ['exits with code 0', `process.exit(0);`, 'BOLT_DIED', 'it exited with code 0'],
    ['is killed', `process.kill(process.pid, 'SIGSEGV');`, 'BOLT_DIED', 'it was ended by SIGSEGV'],
    ['writes no JSON', `writeSync(1, 'hello\\n');`, 'BOLT_DIED', 'is no JSON'],
    ['writes null', `say(null);`, 'BOLT_DIED', 'no message'],
    [
      'writes what is no message',
      `say({ done: { n: 1 }, failed: { n: 1, message: '' } });`,
      'BOLT_DIED',
      'no message',
    ],
    [
      'answers something else',
      `say({ done: { n: 7, output: {} } });`,
      'BOLT_DIED',
      'it answered 7 in place of 1',
    ],
    [
      'says again that it is ready',
      `say({ ready: { protocol: 1 } });`,
      'BOLT_DIED',
      'it answered 0 in place of 1',
    ],
    [
      'floods its output without lines',
      `for (;;) writeSync(1, 'x'.repeat(65536));`,
      'BOLT_FLOODED',
      'longer than 1048576',
    ],
    [
      'floods its output with lines',
      `for (;;) say({ log: { level: 'info', message: 'x'.repeat(99) } });`,
      'BOLT_FLOODED',
      'log',
    ],
    ['floods its errors without lines', `for (;;) writeSync(2, 'x'.repeat(65536));`, 'BOLT_FLOODED', 'log'],
    ['floods its errors with lines', `for (;;) writeSync(2, 'x\\n'.repeat(9999));`, 'BOLT_FLOODED', 'log'],
  ];
  it.each(cases)('as it %s', async (what, source, code, reason) => {
    const deadlineMs = code === 'BOLT_DEADLINE' ? 1_000 : 20_000;
    const process = await start(
      folder.raw(`await begin(); await next(); ${source} await next();`, { deadlineMs }),
    );
    const fault = await faultOf(process.process(tuple));
    expect(fault.code, what).toBe(code);
    expect(fault.message).toContain(reason);
    expect((await process.exited).code).toBe(code);
    expect(isRunning(process.pid)).toBe(false);
    expect((await faultOf(process.process(tuple))).code).toBe(code);
    expect(process.describe()).toMatchObject({ state: 'ended', tuple: null });
  });

  it('as it leaks', async () => {
    const leak = `const kept = []; setInterval(() => kept.push(Buffer.alloc(4e6, 1)), 20);`;
    const place = folder.raw(`await begin(); await next(); ${leak}`, {
      memoryBytes: 128 * 2 ** 20,
      deadlineMs: 60_000,
    });
    const process = await start(place);
    expect((await faultOf(process.process(tuple))).code).toBe('BOLT_MEMORY');
    await process.exited;
  });

  it('as the heap of JavaScript is full', async () => {
    const source = `export default { process: () => { const kept = []; for (;;) kept.push({ a: [kept.length] }); } };`;
    const process = await start(folder.host(source, { memoryBytes: 128 * 2 ** 20, deadlineMs: 60_000 }));
    const fault = await faultOf(process.process(tuple));
    // Whoever sees it first.
    if (fault.code === 'BOLT_DIED') expect(fault.message).toContain('heap out of memory');
    else expect(fault.code).toBe('BOLT_MEMORY');
  });

  it('as it answers twice, while it has nothing', async () => {
    const answer = `say({ done: { n: 1, output: {} } });`;
    const process = await start(folder.raw(`await begin(); await next(); ${answer} ${answer} await next();`));
    expect(await process.process(tuple)).toEqual({});
    expect((await process.exited).message).toContain('it answered 1 without being asked');
  });

  it('but its answer counts if it has ended right after it', async () => {
    const source = `await begin(); await next(); say({ done: { n: 1, output: { attributes: { a: 1 } } } }); process.exit(3);`;
    const process = await start(folder.raw(source));
    expect(await process.process(tuple)).toEqual({ attributes: { a: 1 } });
    expect((await process.exited).message).toContain('it exited with code 3');
  });
});

describe('what a process leaves', () => {
  const holdsPipe = `const child = spawn('sleep', ['1000'], { stdio: 'inherit' }); say({ log: { level: 'info', message: String(child.pid) } });`;

  it('is ended with it, also when it holds its pipes', async () => {
    const process = await start(
      folder.raw(
        `await begin(); await next(); ${holdsPipe} setTimeout(() => process.exit(0), 100); await next();`,
      ),
    );
    expect((await faultOf(process.process(tuple))).code).toBe('BOLT_DIED');
    await process.exited;
    await until(() => !isRunning(Number(folder.logged[0]?.msg)));
  });

  it('holds nobody up, even out of its reach', async () => {
    const escapes = holdsPipe.replace(`stdio: 'inherit'`, `stdio: 'inherit', detached: true`);
    const bolt = await start(
      folder.raw(
        `await begin(); await next(); ${escapes} setTimeout(() => process.exit(0), 100); await next();`,
      ),
    );
    expect((await faultOf(bolt.process(tuple))).code).toBe('BOLT_DIED');
    await bolt.exited;
    process.kill(Number(folder.logged[0]?.msg), 'SIGKILL');
  });

  it('is nothing after its input has ended, though it does not heed that', async () => {
    const process = await start(folder.raw(`await begin(); setInterval(() => 0, 1e6);`));
    await process.stop();
    expect(isRunning(process.pid)).toBe(false);
  });

  it('is left out of the log beyond 256 lines a minute, and counted', async () => {
    const many = `for (let i = 0; i < 1000; i++) say({ log: { level: 'warn', message: 'line ' + i } });`;
    const process = await start(
      folder.raw(`await begin(); await next(); ${many} say({ done: { n: 1, output: {} } }); await next();`),
    );
    await process.process(tuple);
    await process.stop();
    expect(folder.logged.filter(({ msg }) => msg.startsWith('line '))).toHaveLength(256);
    expect(folder.logged.at(-1)).toMatchObject({ lines: 744, msg: 'lines of the bolt were left out' });
  });
});

it('stderr that is no line is the last word as well', async () => {
  const fault = await faultOf(start(folder.raw(`writeSync(2, 'half a line'); process.exit(4);`)));
  expect(fault.message).toContain('it exited with code 4; its last words were: half a line');
});
