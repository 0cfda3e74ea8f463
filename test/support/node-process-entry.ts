// A node as a process of its own, for tests that kill it.
import { Fault } from '../../src/base/errors.ts';
import { parseNodeOptions } from '../../src/base/options.ts';
import type { NodeOptionName } from '../../src/base/options.ts';
import { startNode } from '../../src/node.ts';
import type { Node } from '../../src/node.ts';
import type { NodeMessage, NodeOrder } from './node-process.ts';

const gaveUp = 75;

function tell(message: NodeMessage): void {
  if (process.connected) process.send?.(message);
}

const TrueDate = Date;

/** From now on, what asks for the time of day is told one that is wrong by so much. */
function shiftClock(shiftMs: number): void {
  globalThis.Date = class extends TrueDate {
    constructor(...given: [] | [number | string | Date]) {
      super(given[0] ?? TrueDate.now() + shiftMs);
    }

    static override now(): number {
      return TrueDate.now() + shiftMs;
    }
  } as DateConstructor;
}

async function run(): Promise<Node> {
  const given = JSON.parse(process.argv[2] ?? '{}') as Partial<Record<NodeOptionName, unknown>>;
  const [jobEntry = '', threadEntry = ''] = process.argv.slice(3);
  const parts = {
    ...(jobEntry === '' ? {} : { jobEntry: new URL(jobEntry) }),
    ...(threadEntry === '' ? {} : { threadEntry: new URL(threadEntry) }),
  };
  process.on('message', ({ shiftMs }: NodeOrder) => {
    shiftClock(shiftMs);
  });
  const node = await startNode(parseNodeOptions(given), parts);
  tell({ type: 'ready', url: node.url, httpUrl: node.httpUrl });
  return node;
}

run().then(
  (node) => {
    const stop = () => {
      void node.stop().then(() => process.exit(0));
    };
    process.once('SIGTERM', stop);
    // The test has gone, however it ended: leave nothing behind.
    if (process.connected) process.once('disconnect', stop);
    else stop();
    void node.ended.then(({ fault }) => {
      tell({ type: 'failed', code: fault.code, message: fault.message });
      process.exit(gaveUp);
    });
  },
  (thrown: unknown) => {
    const { code, message } = Fault.from(thrown);
    tell({ type: 'failed', code, message });
    process.exit(1);
  },
);
