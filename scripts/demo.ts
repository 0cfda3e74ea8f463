import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoNode, nodeStart } from './demo/demo-node.ts';

/**
 * `npm run demo`: a real node on ports of its own and its page, real photos through its queue, a search that finds them,
 * and two crashes. Every step is a command of `cluster`, shown before it runs.
 */
const photos = join('.cache', 'photos');
const searches = ['espresso', '"reflex camera" score>0.5', 'valley -volcano'];
/** How often all photos are submitted at once, so that a crash finds some of them at work. */
const rounds = 4;
const pollMs = 200;
/** For whoever looks at the page meanwhile. */
const pauseMs = process.stdout.isTTY ? 3_000 : 0;

async function demo(): Promise<void> {
  say('A node: its own nats-server, a tag store, a worker thread for each core.');
  show(nodeStart);
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
  say('A crash: all photos once more, several times at once, and a worker thread is killed meanwhile.');
  const tagging = flood(node, '--wait');
  await run(node, 'repl', '-e', 'kill thread-0');
  tell(await tagging);
  await sleep(pauseMs);
  say('A worse one: the whole node is killed (SIGKILL), with photos in its queue. It is started again.');
  await flood(node);
  await node.crash();
  await drained(node);
  say('It is back. What was in its queue was delivered again: nothing waits, nothing is a dead letter.');
  await run(node, 'status');
}

/** Submits all photos several times at once, to be tagged again; answers the lines that this has printed. */
async function flood(node: DemoNode, ...options: readonly string[]): Promise<readonly string[]> {
  const words = ['submit', '--rerun', ...options, photos];
  show(words);
  const printed = await Promise.all(Array.from({ length: rounds }, () => node.read(...words, '--json')));
  return printed.flatMap(({ out }) => out.split('\n').filter((line) => line !== ''));
}

async function drained(node: DemoNode): Promise<void> {
  for (;;) {
    const { out } = await node.read('status', '--json');
    if (/"queue":\{"photos":0,/.test(out)) return;
    await sleep(pollMs);
  }
}

function tell(results: readonly string[]): void {
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
