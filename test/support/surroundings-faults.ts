import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { pause, repeated, spread, type ChaosFault } from './fault-schedule.ts';
import { inHand } from './node-faults.ts';

/** Has the wall clock of a node, any of them, go wrong by up to an hour, every `everyMs`. Its nats-server keeps the right time. */
export function jumpClocks(everyMs: number): ChaosFault {
  return repeated('clocks jumped', everyMs, Infinity, async ({ node, others, random }) => {
    const nodes = [node, ...others];
    await nodes[random.below(nodes.length)]?.shiftClock(Math.round((random.fraction() * 2 - 1) * hour));
  });
}

/** Pulls the cable of one of the other nodes for `forMs`, `times` times, spread over the workload. Only where they are on machines. */
export function cutOtherNode(times: number, forMs: number): ChaosFault {
  return spread('nodes cut off', times, (context) =>
    inHand(context, context.others, async (node) => {
      const machine = context.machines[context.others.indexOf(node) + 1];
      await machine?.plug(false);
      await pause(forMs, context.over);
      await machine?.plug(true);
    }),
  );
}

/** Has each `fsync` of the first node and its nats-server take `delayMs` longer for `forMs`, `times` times, spread over the workload. */
export function slowDisk(times: number, forMs: number, delayMs: number): ChaosFault {
  return spread('slow disks', times, (context) =>
    inHand(context, [context.node], async (node) => {
      const server = await node.data.natsServer();
      const pids = [node.pid, ...(server === undefined ? [] : [server])];
      const tracer = spawn('strace', slowing(pids, delayMs), { stdio: 'ignore' });
      const ended = once(tracer, 'exit');
      await Promise.race([pause(forMs, context.over), ended]);
      tracer.kill('SIGINT');
      await ended;
    }),
  );
}

/** Why this machine cannot slow a disk down for some processes alone, `undefined` if it can. */
export const slowDiskObstacle = await obstacle();

const hour = 3_600_000;

function slowing(pids: readonly number[], delayMs: number): string[] {
  const calls = 'fsync,fdatasync';
  const inject = `inject=${calls}:delay_exit=${String(delayMs * 1_000)}`;
  return ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', inject, ...pids.flatMap(attach)];
}

function attach(pid: number): string[] {
  return ['-p', String(pid)];
}

async function obstacle(): Promise<string | undefined> {
  try {
    await promisify(execFile)('strace', [...slowing([], 1), 'true']);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}
