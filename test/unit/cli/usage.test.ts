import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { tooOld } from '../../../src/cli/node-version.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { threadPoolSize } from '../../../src/cli/start.ts';
import {
  argumentsOf,
  nodeOptionsOf,
  startSyntax,
  type StartOptions,
} from '../../../src/cli/start-options.ts';
import { summaries } from '../../../src/cli/summaries.ts';
import { flagOf, nodeOptions } from '../../../src/base/options.ts';
import { CapturedCli } from '../../support/captured-cli.ts';
import { temporaryFolder } from '../../support/model.ts';

const nowhere = ['--nats', 'nats://127.0.0.1:1'];

describe('wrong use', () => {
  it.each([
    ['a command that is not there', ['fly']],
    ['an option that is not there', ['status', '--speed']],
    ['an argument that is missing', ['submit']],
    ['a number that is none', ['search', 'cat', '--limit', 'many']],
    ['a number out of range', ['search', 'cat', '--limit', '1001']],
    ['a misspelt option of a search', ['search', 'cat', '--limt', '3', ...nowhere]],
    ['a selection of nothing', ['dead', 'retry', ...nowhere]],
    ['a selection of two kinds', ['dead', 'remove', '1', '--all', ...nowhere]],
    ['a correction of nothing', ['correct', 'x', ...nowhere]],
    ['two verdicts of one tag', ['correct', 'x', '--accept', 'a', '--reject', 'a', ...nowhere]],
    ['corrections without a file', ['corrections', ...nowhere]],
    ['more related photos than there may be', ['related', 'x', '--limit', '101', ...nowhere]],
    ['a sequence that is none', ['dead', 'show', '0', ...nowhere]],
    ['an id for two photos', ['submit', 'a.jpg', 'b.jpg', '--id', 'x', ...nowhere]],
    ['an id for a list', ['submit', '-', '--id', 'x', ...nowhere]],
    ['an owner that is none', ['submit', 'a.jpg', '--owner', 'a\nb', ...nowhere]],
    ['too many tags', ['tags', '--limit', '51', ...nowhere]],
    ['an id that is none', ['submit', 'a.jpg', '--id', 'a\nb', ...nowhere]],
    ['a margin that is none', ['models', 'activate', 'abcdef', '--margin', '-1', ...nowhere]],
    ['an activation of nothing', ['models', 'activate', ...nowhere]],
    ['a URL that is none', ['status', '--nats', 'http://x']],
    ['a token that is cut', ['status', '--nats', 'autotag1.H4sIAAAA']],
    ['a token that is cut, for a node', ['start', '--nats', 'autotag1.H4sIAAAA']],
    ['an address to listen on that is none', ['start', '--listen', '10.0.0.256']],
    ['a server to listen that is not ours', ['start', '--listen', '10.0.0.1', '--nats', 'nats://127.0.0.1']],
    [
      'a limit of a server that is not ours',
      ['start', '--queue-bytes', '1000', '--nats', 'nats://127.0.0.1'],
    ],
    ['an invitation of nobody', ['invite', '--role', 'guest']],
    ['an invitation without TLS', ['invite', '--nats', 'nats://u:p@127.0.0.1', '--authority', 'a.pem']],
    ['an invitation without an authority', ['invite', '--nats', 'tls://u:p@127.0.0.1']],
    ['an option of a node out of range', ['start', '--port', '0']],
    ['a name of a node that is none', ['start', '--name', 'A B']],
  ])('is refused with 2 and one sentence: %s', async (_, args) => {
    const cli = new CapturedCli();
    expect(await cli.run(...args)).toBe(2);
    expect(cli.out).toBe('');
    expect(cli.err.trim()).toMatch(/^[^\n]+\.$/);
    const asJson = new CapturedCli();
    expect(await asJson.run(...args, '--json')).toBe(2);
    expect(JSON.parse(asJson.err)).toMatchObject({ error: { message: cli.err.trim() } });
  });

  it('shows the help where a command is missing', async () => {
    for (const args of [[], ['dead'], ['models']]) {
      const cli = new CapturedCli();
      expect(await cli.run(...args)).toBe(2);
      expect(cli.err).toContain('Usage: cluster');
    }
  });
});

describe('help', () => {
  it('is there for every command, with an example', async () => {
    const { commands } = await createProgram(Object.keys(summaries), new CapturedCli());
    const all = commands.flatMap((command) => [
      [command.name()],
      ...command.commands.map((sub) => [command.name(), sub.name()]),
    ]);
    for (const names of [[], ...all]) {
      const cli = new CapturedCli();
      expect(await cli.run(...names, '--help')).toBe(0);
      expect(cli.out).toContain(`Example:\n  cluster ${names.join(' ')}`.trimEnd());
      expect(cli.err).toBe('');
    }
  });

  it('lists every command with what it says of itself, before any is loaded', async () => {
    const cli = new CapturedCli();
    expect(await cli.run('--help')).toBe(0);
    const help = cli.out.replace(/\s+/g, ' ');
    const { commands } = await createProgram(Object.keys(summaries), new CapturedCli());
    for (const command of commands) expect(help).toContain(` ${command.name()} ${command.description()} `);
  });

  it('names the version', async () => {
    const cli = new CapturedCli();
    expect(await cli.run('--version')).toBe(0);
    expect(cli.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('failures', () => {
  it.each([
    ['submit', 'a.jpg'],
    ['search', 'cat'],
    ['status'],
    ['nodes'],
    ['dead', 'list'],
    ['forget', 'x'],
    ['list'],
    ['kill', 'photos'],
    ['models', 'list'],
    ['models', 'activate', 'abcdef'],
    ['repl', '-e', 'tree'],
  ])('no server is a failure with one sentence: %s', async (...args) => {
    const cli = new CapturedCli();
    expect(await cli.run(...args, ...nowhere)).toBe(1);
    expect(cli.err).toMatch(/^No NATS server answers at nats:\/\/127\.0\.0\.1:1 .*`cluster start`.*\.\n$/);
  });

  it('is interrupted with the exit code of shells, and says nothing', async () => {
    const cli = new CapturedCli();
    cli.interrupt();
    expect(await cli.run('status', ...nowhere)).toBe(130);
    expect(cli.err).toBe('');
  });

  it('a folder is no single photo', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder.path, 'd'));
    await writeFile(join(folder.path, 'd', '1.jpg'), 'x');
    const cli = new CapturedCli();
    expect(await cli.run('submit', join(folder.path, 'd'), '--id', 'x', ...nowhere)).toBe(2);
    await folder.remove();
  });
});

describe('the options of a node', () => {
  it('all have a flag with their document', () => {
    const help = startSyntax().helpInformation().replace(/\s+/g, ' ');
    for (const [name, { doc }] of Object.entries(nodeOptions)) {
      expect(help).toContain(flagOf(name));
      expect(help).toContain(doc);
    }
  });

  it('reach the node process as they were given', () => {
    const args = ['--name', 'n7', '--http-port', '0', '--ack-wait-ms', '1234', '--json'];
    const given: StartOptions = startSyntax().parse(args, { from: 'user' }).opts();
    expect(nodeOptionsOf(given)).toMatchObject({ name: 'n7', httpPort: 0, ackWaitMs: 1234 });
    const again: StartOptions = startSyntax().parse(argumentsOf(given), { from: 'user' }).opts();
    expect(again).toEqual(given);
  });

  it('are read from the environment where they hold a password', () => {
    vi.stubEnv('CLUSTER_STORE_URL', 'postgresql://ann:secret@127.0.0.1/photos');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const options = (args: string[]) => nodeOptionsOf(startSyntax().parse(args, { from: 'user' }).opts());
    expect(options([]).storeUrl).toBe('postgresql://ann:secret@127.0.0.1/photos');
    expect(options(['--store-url', 'postgresql:///p?host=/run']).storeUrl).toBe('postgresql:///p?host=/run');
    expect(() => options(['--store-url', 'mysql://secret'])).toThrow(/^(?!.*secret).*--store-url/);
  });

  it('give libuv a thread a worker thread, and some', () => {
    expect(threadPoolSize(6)).toBe(10);
    expect(threadPoolSize(0)).toBeGreaterThan(4);
  });
});

describe('the version of Node', () => {
  it.each(['18.20.1', '20.18.9', '20.0.0', '4.0.0'])('%s is too old', (version) => {
    expect(tooOld(version)).toMatch(/^Node\.js \S+ is too old; install 20\.19 or newer\.$/);
  });

  it.each(['20.19.0', '20.20.1', '22.0.0', '24.1.0', process.versions.node])(
    '%s is new enough',
    (version) => {
      expect(tooOld(version)).toBeUndefined();
    },
  );
});
