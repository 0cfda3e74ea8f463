import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { complete } from '../../src/repl/completion.ts';
import { converse } from '../../src/repl/conversation.ts';
import { evaluate } from '../../src/repl/evaluate.ts';
import { Session } from '../../src/repl/session.ts';
import { Output } from '../../src/terminal/output.ts';
import { Connection } from '../../src/transport/connection.ts';
import { InspectedNode } from '../support/inspected-node.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let session: Session;
let n1: InspectedNode;
let n2: InspectedNode | undefined;

beforeEach(async () => {
  nats = await startNats();
  process.env['XDG_STATE_HOME'] = nats.dataFolder;
  n1 = await InspectedNode.start(nats.url, 'n1', ['resize', 'tag']);
  session = new Session(await Connection.open({ url: nats.url, role: 'operator', name: 'test' }));
});
afterEach(async () => {
  await session.connection.close();
  await Promise.all([n1.dispose(), n2?.dispose()]);
  n2 = undefined;
  await nats.stop();
});

const value = async (line: string) => (await evaluate(session, line))?.value;
const text = async (line: string) => (await evaluate(session, line))?.text ?? '';
const photo = (name: string) => ({ type: 'tag' as const, photo: name });

describe('a bolt that awaits what never comes', () => {
  beforeEach(() => {
    const bolt = n1.bolt('tag');
    bolt.cast(photo('a'));
    bolt.cast({ type: 'hang' });
    for (const name of ['b', 'c', 'd']) bolt.cast(photo(name));
  });

  it('is the first of top, and says what it is at and what waits', async () => {
    expect(await value('top')).toMatchObject([
      { node: 'n1', name: 'tag', phase: 'running', waiting: 3, limit: 100, current: { type: 'hang' } },
      {},
      {},
      {},
      {},
    ]);
    expect(await text('mailbox tag')).toMatch(
      /waiting +3\/100\n.*\n.*handled +1\nbusy +for [\d.]+ s: type "hang"\n *WAITS +CONTENT\n *1 +type "tag", photo "b"/s,
    );
    expect(await value('state tag')).toEqual({ tagged: 1 });
    expect(await text('list')).toMatch(/tag +#\d+ +tag +bolt +running +3\/100 +1/);
  });

  it('starts again in order with those after it, as often as asked, and that is on record', async () => {
    const pidOf = async (name: string) =>
      z.object({ pid: z.string() }).parse(await session.inspect('status', 'n1', { actor: name })).pid;
    const before = await pidOf('resize');
    for (let count = 0; count < 4; count += 1) expect(await text('restart tag')).toBe('Restarted tag.');
    expect(await value('mailbox tag')).toMatchObject({ mailbox: { length: 0, current: null }, restarts: 4 });
    expect(await pidOf('resize')).toBe(before);
    await text('restart resize n1');
    expect(await value('mailbox tag')).toMatchObject({ restarts: 5 });
    expect(n1.system.restarts).toBe(0);
    const acts = await text('audit');
    expect(acts.match(/operator +\S+@\S+ +control\.restart +actor "tag" +done/g)).toHaveLength(4);
  });
});

describe('an actor', () => {
  it('is told from those of its name on other nodes', async () => {
    n2 = await InspectedNode.start(nats.url, 'n2', ['tag', 'own']);
    n2.bolt('tag').cast(photo('x'));
    await until(async () => (await text('state tag n2')).includes('1'));
    expect(await value('state tag')).toEqual([
      { node: 'n1', value: { tagged: 0 } },
      { node: 'n2', value: { tagged: 1 } },
    ]);
    expect(await text('state tag')).toMatch(/^n1\n {2}\{[\s\S]*\nn2\n {2}\{/);
    expect(await value('state own')).toEqual({ tagged: 0 });
    await expect(value('suspend tag')).rejects.toThrow('There is an actor tag on n1, n2: say on which node.');
    expect(await text('suspend own')).toBe('Suspended own for 1 min 0 s; resume lets it go on before.');
    expect(await text('suspend tag n2')).toBe('Suspended tag for 1 min 0 s; resume lets it go on before.');
    expect(await value('state tag n1')).toEqual({ tagged: 0 });
    await expect(value('kill nobody')).rejects.toMatchObject({ code: 'ACTOR_UNKNOWN' });
    await expect(value('state nobody')).rejects.toMatchObject({ code: 'ACTOR_UNKNOWN' });
    await expect(value('state tag n3')).rejects.toThrow('There is no node n3.');
    expect(await value('audit n1')).toEqual([]);
    expect(await value('audit n2')).toMatchObject([{ on: { actor: 'own' } }, { on: { actor: 'tag' } }]);
  });

  it('that somebody has suspended goes on by itself, on record', async () => {
    expect(await text('suspend tag --for 1')).toBe('Suspended tag for 1.0 s; resume lets it go on before.');
    n1.bolt('tag').cast(photo('x'));
    expect(await value('status n1')).toBeDefined();
    await until(async () => (await text('state tag')).includes('1'));
    expect(await text('audit')).toMatch(
      /control\.suspend +actor "tag", forMs 1000 +done\n.* the end of its time +control\.resume +actor "tag", suspendedForMs 1000 +done/,
    );
    for (const wrong of ['suspend tag --for', 'suspend tag --for 0', 'suspend tag n1 --for 1 2'])
      await expect(value(wrong)).rejects.toThrow('Write: suspend ACTOR [NODE] [--for SECONDS].');
    await expect(value('suspend tag --for 9999')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('without a supervisor is not restarted', async () => {
    await expect(value('restart root')).rejects.toThrow(/root has no supervisor that would start it again/);
  });

  it('that answers all this can be restarted itself', async () => {
    expect(await text('restart services/inspection')).toBe(
      'services/inspection is being restarted; see tree.',
    );
    await until(async () => (await text('list').catch(() => '')) !== '', 10_000);
  });

  it('is found among the lines of a log', async () => {
    n1.bolt('tag').cast(photo('\u001B[2J'));
    n1.bolt('resize').cast(photo('y'));
    await until(async () => (await text('logs')).includes('"y"'));
    expect(await text('logs tag')).toMatch(/^\S+Z info tagged {2}actor "tag", photo "\\u001b\[2J"$/);
    expect(await text('logs resize n1')).toMatch(/photo "y"$/);
    expect(await text('logs n1')).toMatch(/\n.*photo "y"/);
    expect(await text('logs nobody')).toBe('Nothing was logged.');
  });

  it('that is flooded is looked at, and traced at a limited cost', async () => {
    n1.bolt('tag').cast({ type: 'spin' });
    expect(await value('top')).toMatchObject([{ name: 'tag' }, {}, {}, {}, {}]);
    await text('trace tag');
    await until(
      async () => z.object({ dropped: z.number() }).parse(await value('traced tag')).dropped > 1_000,
    );
    const { entries } = z.object({ entries: z.array(z.unknown()) }).parse(await value('traced tag'));
    expect(entries.length).toBeLessThanOrEqual(200);
    expect(await text('traced tag')).toMatch(/The trace goes on; \d+ more were handled than it records\.$/);
    expect(await text('kill tag')).toBe('Killed tag.');
  });
});

describe('a node', () => {
  it('shows its memory, its delay, its queues, and no secret of its options', async () => {
    expect(await text('nodes')).toMatch(
      /^n1\n {2}version +1[\s\S]*memory +rss [\d.]+ MiB, heap .* of .*, external .*, array buffers .*\n.*event-loop delay +p50 0\.1 ms, p99 2\.0 ms/,
    );
    expect(await text('queue')).toMatch(/photos +3 +9 bytes +– +– +– +– +– +1 min 1 s$/m);
    expect(await text('config')).toMatch(/nats +nats:\/\/127\.0\.0\.1:4222/);
    expect(await text('config')).not.toContain('geheim');
  });

  it('that dies under a command costs one sentence, and the others are shown', async () => {
    n2 = await InspectedNode.start(nats.url, 'n2', ['own']);
    // The request may have been on its way to it, or find it gone.
    const silence =
      /^The node n2 (did not answer within 5000 ms: |has answered before and does not now; ).*\.$/m;
    const both = evaluate(session, 'top');
    const own = value('top n2');
    await until(() => session.nodeNames().then(({ length }) => length === 2));
    await n2.die();
    await expect(own).rejects.toThrow(silence);
    expect((await both)?.value).toMatchObject([{ node: 'n1' }, {}, {}, {}, {}]);
    expect((await both)?.text).toMatch(silence);
    await expect(value('state own')).rejects.toMatchObject({ code: 'ACTOR_UNKNOWN' });
    await expect(value('kill own n2')).rejects.toMatchObject({ code: 'NODE_GONE' });
    expect(await text('tree')).toMatch(/^root/);
  }, 30_000);

  it('refuses verbs and arguments that are none', async () => {
    await expect(session.inspect('eval', 'n1')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(session.inspect('constructor', 'n1')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(session.inspect('state', 'n1')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(session.act('kill', 'n1', '../x')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(session.inspect('top', 'n1', { windowMs: 1e9 })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });
});

it('completes commands, nodes, actors', async () => {
  expect(await complete(session, 'mo')).toEqual([['models '], 'mo']);
  expect(await complete(session, 'dead r')).toEqual([['remove ', 'retry '], 'r']);
  expect(await complete(session, 'state ta')).toEqual([['tag'], 'ta']);
  expect(await complete(session, 'state tag n')).toEqual([['n1'], 'n']);
  expect(await complete(session, 'restart services/')).toEqual([['services/inspection'], 'services/']);
  expect((await complete(session, 'tag src/repl/'))[0]).toContain('src/repl/commands.ts');
  expect(await complete(session, 'nodes ')).toEqual([[], '']);
});

/** A conversation on a terminal; what it says. */
function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  let out = '';
  const stdout = new PassThrough().on('data', (chunk: Buffer) => (out += chunk.toString()));
  const streams = { stdout, stderr: stdout };
  const ended = converse({
    session,
    output: new Output(streams, false),
    input,
    streams,
    interrupted: new AbortController().signal,
  });
  return { input, ended, said: () => out };
}

describe('on a terminal', () => {
  it('top is refreshed until a key is pressed', async () => {
    const { input, ended, said } = terminal();
    input.write('top\n');
    await until(() => said().split('\u001B[2J').length > 2);
    input.write('q');
    await until(() => said().split('cluster> ').length > 2);
    input.write('state tag\n');
    await until(() => said().includes('"tagged": 0'));
    input.write('exit\n');
    expect(await ended).toBe(0);
  });

  it('a trace is shown as it comes, until Ctrl-C', async () => {
    const { input, ended, said } = terminal();
    input.write('trace tag\n');
    await until(async () => z.object({ active: z.boolean() }).parse(await value('traced tag')).active);
    n1.bolt('tag').cast(photo('first'));
    await until(() => said().includes('photo "first"'));
    n1.bolt('tag').cast(photo('second'));
    await until(() => said().includes('photo "second"'));
    expect(said().split('photo "first"')).toHaveLength(2);
    input.write('\u0003');
    await until(() => said().includes('The trace goes on until its minute is over'));
    input.write('trace tag\n');
    await until(() => said().split('trace tag').length > 2);
    await text('kill tag');
    await until(() => said().includes('The trace has ended.'));
    input.write('exit\n');
    expect(await ended).toBe(0);
  });
});
