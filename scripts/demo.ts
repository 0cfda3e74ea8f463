import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../src/base/package-root.ts';

/**
 * `npm run demo`: a real node on ports of its own, real photos through its queue, and a search that finds them. Every step
 * is a command of `cluster`, shown before it runs.
 */
const cli = join(packageRoot, 'dist', 'src', 'cli', 'main.js');
const photos = join('.cache', 'photos');
const thumbnailPx = '320';
const searches = ['espresso', '"reflex camera" score>0.5', 'valley -volcano'];

async function demo(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'autotag-demo-'));
  const port = String(await freePort());
  say('A node: its own nats-server, a tag store, a worker thread for each core.');
  show(`start --port ${port} --thumbnail-px ${thumbnailPx}`);
  const node = spawn(
    process.execPath,
    [
      cli,
      'start',
      '--port',
      port,
      '--http-port',
      '0',
      '--data',
      data,
      '--log-level',
      'error',
      '--thumbnail-px',
      thumbnailPx,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: packageRoot,
    },
  );
  const stop = () => node.kill('SIGTERM');
  process.once('SIGINT', stop);
  try {
    await listening(node);
    const environment = { ...process.env, CLUSTER_NATS_URL: `nats://127.0.0.1:${port}` };
    say('Real photos go into its queue; their tags come back as they are computed.');
    await run(['submit', '--wait', '--top', '3', photos], environment);
    say('The tags are in the store, and can be searched.');
    for (const search of searches) await run(['search', search], environment);
    say('Everything is supervised. This is the tree, as an operator sees it.');
    await run(['repl', '-e', 'tree'], environment);
    say('Now yours: npx cluster start, then npx cluster submit --wait YOUR-PHOTOS');
  } finally {
    stop();
    if (node.exitCode === null) await once(node, 'exit');
    await rm(data, { recursive: true, force: true });
  }
}

function say(line: string): void {
  console.log(`\n${line}`);
}

function show(command: string): void {
  console.log(`$ npx cluster ${command}`);
}

async function listening(node: ChildProcess): Promise<void> {
  const output = node.stdout;
  if (output === null) throw new Error('The node has no output.');
  const lines = createInterface({ input: output });
  const ended = once(node, 'exit').then(() => Promise.reject(new Error('The node did not start.')));
  await Promise.race([once(lines, 'line'), ended]);
  output.resume();
}

async function run(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  show(words.map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`)).join(' '));
  const child = spawn(process.execPath, [cli, ...words], {
    stdio: 'inherit',
    env: environment,
    cwd: packageRoot,
  });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`cluster ${words[0] ?? ''} failed.`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 4222;
}

try {
  await demo();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
