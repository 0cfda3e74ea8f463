import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { builtEntry } from '../../src/base/built-entry.ts';
import { evaluate } from '../../src/repl/evaluate.ts';
import { Session } from '../../src/repl/session.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/until.ts';

const threadEntry = builtEntry('../support/odd-thread-entry', import.meta.url);

describe('the REPL on a node', () => {
  let node: ClusterNode;
  let client: ClusterClient;

  beforeAll(async () => {
    node = await startClusterNode(
      { threads: 2, taskTimeoutMs: 600_000, drainTimeoutMs: 500, logLevel: 'warn' },
      { threadEntry },
    );
    client = await node.connect();
  });
  afterAll(() => node.dispose());

  /** What `cluster repl` prints for these lines. */
  async function repl(...lines: string[]) {
    const cli = new CapturedCli();
    const code = await cli.run(
      'repl',
      ...lines.flatMap((line) => ['-e', line]),
      ...['--nats', node.node.url, '--data', node.data.path],
    );
    return { code, out: cli.out, err: cli.err };
  }

  let photos = 0;
  /** All at once, so that every bolt has its share. */
  const submit = (does: string, count = 1) =>
    Promise.all(
      Array.from({ length: count }, () => {
        photos += 1;
        return client.submit({ id: `${does} ${String(photos)}`, bytes: Buffer.from(`kernel ${does}`) });
      }),
    );
  const queued = async () => (await client.status()).queue.photos;

  it('finds a bolt that takes nothing, shows what waits for it, and lets it go on', async () => {
    expect((await repl('suspend dbwriter')).out).toBe(
      'Suspended dbwriter for 1 min 0 s; resume lets it go on before.\n',
    );
    const before = await queued();
    await submit('pass', 5);
    await until(async () => /^n1 +dbwriter .* 5\/8192/m.test((await repl('top')).out));
    const { out } = await repl('list', 'mailbox dbwriter');
    expect(out).toMatch(/^dbwriter .* suspended +5\/8192/m);
    expect(out).toMatch(/^phase +suspended\nwaiting +5\/8192/m);
    expect(out.match(/^ *\d +type "write", tuple /gm)).toHaveLength(5);
    await repl('resume dbwriter');
    await until(async () => (await queued()) === before);
    const audit = await repl('audit');
    expect(audit.out).toMatch(
      /operator +\S+@\S+ +control\.suspend +actor "dbwriter" +done\n.*control\.resume/,
    );
  }, 60_000);

  it('follows a dead letter from its reason to its end, on record', async () => {
    await submit('fail');
    await until(async () => (await repl('dead')).out.includes('PHOTO_DAMAGED'));
    const { sequence } = (await client.ask('deadList', {}, {})).letters[0]!;
    const show = await repl(`dead show ${String(sequence)}`, 'queue');
    expect(show.out).toMatch(/reason +PHOTO_DAMAGED/);
    expect(show.out).toMatch(/^dead letters +1 /m);
    expect((await repl(`dead retry ${String(sequence)}`)).out).toBe('Queued again: 1.\n');
    await until(async () => (await repl('dead list')).out.includes('PHOTO_DAMAGED'));
    expect((await repl('dead remove all')).out).toBe('Removed: 1.\n');
    expect((await repl('logs photos')).out).toMatch(/warn a photo is a dead letter {2}actor "photos"/);
    expect((await repl('audit')).out).toMatch(
      /dead\.retry +sequences \[\d+\] +done\n.*dead\.remove +all true +done/,
    );
  }, 60_000);

  it('lists models, and takes no act of theirs off the record', async () => {
    const { models, active } = await client.ask('modelList', {}, {});
    expect((await repl('models')).out).toContain(models[0]!.id.slice(0, 12));
    const again = await repl(`models activate ${active!.model}`);
    expect(again.out).toContain(`In use: ${active!.model}`);
    const unknown = await repl('models activate 0123456789');
    expect([unknown.code, unknown.err]).toEqual([
      1,
      expect.stringMatching(/^There is no model 0123456789.*\.\n$/),
    ]);
    expect((await repl('audit')).out).toMatch(
      /models\.activate .* done\n.*models\.activate .*There is no model/,
    );
  });

  it('shows what the node is told and how it fares', async () => {
    const { out } = await repl('config', 'status');
    expect(out).toMatch(/^taskTimeoutMs +600000$/m);
    expect(out).toMatch(/^memory +rss .* heap .* external .* array buffers /m);
    expect(out).toMatch(/^event-loop delay +p50 [\d.]+ ms, p99 [\d.]+ ms$/m);
  });

  it.each(['kill photos', 'restart photos n1', 'dead remove all', 'models activate 0123456789', 'tree n1'])(
    'refuses a submitter, in one sentence, what is the operators: %s',
    async (line) => {
      const url = new URL(node.node.url);
      url.username = 'submitter';
      url.password = z
        .object({ submitter: z.string() })
        .parse(JSON.parse(await readFile(join(node.data.path, 'nats/passwords.json'), 'utf8'))).submitter;
      const cli = new CapturedCli();
      expect(await cli.run('repl', '-e', line, '--nats', url.href)).toBe(1);
      expect(cli.err).toMatch(/^The NATS user has no permission for [^\n]+; connect as operator\.\n$/);
    },
  );

  it('finds a bolt whose thread hangs, and what it holds up', async () => {
    await submit('hang');
    await submit('pass', 40);
    // The one that hangs, and what its bolt was given after it.
    await until(async () => (await queued()) === 3);
    await until(async () => /^n1 +autotag-\d /.test((await repl('top')).out.split('\n')[1] ?? ''));
    const { out, err } = await repl('queue', 'top', 'list');
    expect(err).toBe('');
    expect(out).toMatch(/^photos +3 .* +0 +3 +0 +\d+ +\d+ /m);
    const bolt = /^n1 +(autotag-(\d)) +autotag +running +0 +0\/1024 +[\d.]+ s +type "tag"/m.exec(out);
    const [, name = '', index = ''] = bolt ?? [];
    const waiting = await repl(`mailbox ${name}`, `state ${name}`, `state photos`, `state thread-${index}`);
    expect(waiting.out).toMatch(/busy +for .* s: type "tag", tuple \{"delivery":\{.*"id":"pass \d+"/);
    expect(waiting.out).toMatch(/"id": "hang \d+",\n *"deliveries": 1,\n *"at": "#\d+"/);
    expect(waiting.out).toMatch(/"free": 0,\n *"photos": \[\n *\{\n *"stage": "kernel",\n *"forMs": \d{4,}/);
    // Only the photo that holds the kernel is charged.
    expect((await repl(`restart thread-${index}`)).out).toBe(`Restarted thread-${index}.\n`);
    await until(async () => (await queued()) === 1);
    expect((await repl(`logs thread-${index}`)).code).toBe(0);
  }, 60_000);
});

describe('a node that is killed', () => {
  let node: NodeProcess | undefined;
  afterEach(() => node?.dispose());

  it('under a command costs one sentence; the REPL goes on with what is there', async () => {
    node = await NodeProcess.start({ threads: 1 });
    const client = await node.connect('operator');
    const session = new Session(client.connection);
    await evaluate(session, 'nodes');
    const top = evaluate(session, 'top n1');
    await until(async () => (await session.inspect('list', 'n1')) !== undefined);
    await node.kill();
    await expect(top).rejects.toThrow(/^The node n1 did not answer within 5000 ms: /);
    await expect(evaluate(session, 'tree')).rejects.toMatchObject({ code: 'NODE_UNAVAILABLE' });
    await expect(evaluate(session, 'kill photos n1')).rejects.toMatchObject({ code: 'NODE_GONE' });
    expect((await evaluate(session, 'help'))?.text).toContain('mailbox ACTOR [NODE]');
    await node.start();
    await until(async () => {
      const answer = await evaluate(session, 'tree').catch(() => undefined);
      return answer?.text.startsWith('root') === true;
    }, 30_000);
    await client.close();
  }, 90_000);
});
