import { parseNodeOptions } from '../../src/base/options.ts';
import { startNode } from '../../src/node.ts';
import type { NodeRequest, NodeUsage } from './node-process.ts';

// A node as a process of its own, told over the channel to its parent what to do.
const { options, threadEntry } = JSON.parse(process.argv[2] ?? '{}') as NodeRequest;
const node = await startNode(
  parseNodeOptions(options),
  threadEntry === undefined ? {} : { threadEntry: new URL(threadEntry) },
);
process.on('message', (question) => {
  if (question === 'usage') process.send?.(usage());
});
// The parent hangs up to stop it, or because it died.
process.on('disconnect', () => {
  void node.stop().then(() => process.exit(0));
});
void node.ended.then(({ fault }) => {
  console.error(fault.message);
  process.exit(1);
});
process.send?.(node.url);

function usage(): NodeUsage {
  globalThis.gc?.();
  return { residentBytes: process.memoryUsage.rss(), cpuMs: cpuMs() };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
