import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoNode } from './demo/demo-node.ts';

/**
 * `npm run demo`: a real node on ports of its own and its page, real photos through its queue, a search that finds them,
 * and two crashes. Every step is a command of `cluster`, shown before it runs.
 */
const photos = join('.cache', 'photos');
const searches = ['espresso', '"reflex camera" score>0.5', 'valley -volcano'];
/** For whoever looks at the page meanwhile. */
const pauseMs = process.stdout.isTTY ? 3_000 : 0;

async function demo(): Promise<void> {
  say('A node: its own nats-server, a tag store, a worker thread for each core.');
  show(['start']);
  const node = await DemoNode.start();
  const stopped = once(process, 'SIGINT');
  try {
    const url = await node.operatorUrl();
    say('Its page, opened as operator. Everything below can be watched there:');
    console.log(`  ${url}`);
    await openBrowser(url);
    const all = tour(node);
    await Promise.race([all, stopped]);
    if (!process.stdout.isTTY) return;
    say('The page stays until Ctrl-C: drop photos of your own there.');
    await stopped;
  } finally {
    await node.stop();
  }
}

async function tour(node: DemoNode): Promise<void> {
  await sleep(pauseMs);
  say('Real photos go into its queue; their tags come back as they are computed.');
  await run(node, 'submit', '--wait', '--top', '3', photos);
  say('The tags are in the store, and can be searched.');
  for (const search of searches) await run(node, 'search', search);
  await crashes(node);
  say('Everything is supervised. This is the tree, as an operator sees it.');
  await run(node, 'repl', '-e', 'tree');
  say('Now yours: npx cluster start, then npx cluster submit --wait YOUR-PHOTOS');
}

/** What the page shows under Cluster: restarts, a node that comes back, and no photo that is lost. */
async function crashes(node: DemoNode): Promise<void> {
  await sleep(pauseMs);
  say('A crash: a worker thread is killed while photos are in it. Its supervisor starts another one.');
  const tagging = node.read('submit', '--wait', '--json', photos);
  await run(node, 'repl', '-e', 'kill thread-0');
  tell(await tagging);
  await sleep(pauseMs);
  say('A worse one: the whole node is killed (SIGKILL) with photos in its queue. It is started again.');
  await run(node, 'submit', photos);
  await node.crash();
  say('It is back. Its photos were delivered again; none waits, none is lost.');
  await run(node, 'status');
}

function tell({ out }: { readonly out: string }): void {
  const results = out.split('\n').filter((line) => line !== '');
  const tagged = results.filter((line) => line.includes('"tags"'));
  console.log(`${String(tagged.length)} of ${String(results.length)} photos tagged all the same.`);
}

function say(line: string): void {
  console.log(`\n${line}`);
}

function show(words: readonly string[]): void {
  const shown = words.map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`)).join(' ');
  console.log(`$ npx cluster ${shown}`);
}

async function run(node: DemoNode, ...words: readonly string[]): Promise<void> {
  show(words);
  await node.run(...words);
}

const openers: Partial<Record<NodeJS.Platform, string>> = { linux: 'xdg-open', darwin: 'open' };

/** In a terminal, where there is a browser: nobody else would look. */
async function openBrowser(url: string): Promise<void> {
  const opener = openers[process.platform];
  const hasScreen = process.platform === 'darwin' || process.env['DISPLAY'] !== undefined;
  if (!process.stdout.isTTY || !hasScreen || opener === undefined) return;
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
  child.unref();
  // Without a browser, the address is there to be copied.
  await Promise.race([once(child, 'spawn'), once(child, 'error')]).catch(() => undefined);
}

try {
  await demo();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
