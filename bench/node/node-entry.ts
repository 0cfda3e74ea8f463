import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { parseNodeOptions } from '../../src/base/options.ts';
import { startNode } from '../../src/node.ts';
import type { NodeUsage, StartMessage } from './node-process.ts';

// A node as a process of its own, told over the channel to its parent what to do.
const { dataFolder, options, threadEntry } = JSON.parse(process.argv[2] ?? '{}') as StartMessage;
const node = await startNode(
  parseNodeOptions({ ...options, data: dataFolder }),
  threadEntry === undefined ? {} : { threadEntry: new URL(threadEntry) },
);
process.on('message', (question) => {
  if (question === 'usage') void usage().then((used) => process.send?.(used));
});
// The parent hangs up to stop it, or because it died; Ctrl-C reaches both, and the nats-server must not be left behind.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => void end());
void node.ended.then(({ fault }) => {
  console.error(fault.message);
  process.exit(1);
});
process.send?.(node.url);

async function end(): Promise<void> {
  await node.stop();
  await rm(dataFolder, { recursive: true });
  process.exit(0);
}

async function usage(): Promise<NodeUsage> {
  // What finalisers let go of in one collection is freed in the next.
  for (let collections = 0; collections < 3; collections += 1) {
    globalThis.gc?.();
    await setTimeout(100);
  }
  return { residentBytes: process.memoryUsage.rss(), cpuMs: cpuMs() };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
