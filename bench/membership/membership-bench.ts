import { readFile } from 'node:fs/promises';
import { freePort, startNats } from '../../test/support/nats.ts';
import { StubMember } from '../../test/support/stub-member.ts';
import type { Progress } from '../results/part.ts';

const atOnce = 10;
/** Of `/proc`: clock ticks a second, on every Linux there is. */
const ticksPerSecond = 100;

/** What it costs to be a cluster that does nothing else. */
export interface MembershipFigures {
  readonly nodes: number;
  readonly leaseMs: number;
  readonly seconds: number;
  /** Messages that nats-server took and sent, acknowledgements and answers included. */
  readonly messagesPerS: number;
  readonly bytesPerS: number;
  /** CPU time of all nodes together, of one core. */
  readonly nodesCpuShare: number;
  /** Of nats-server; 0 where it is not known. */
  readonly serverCpuShare: number;
}

interface Reading {
  readonly at: number;
  readonly messages: number;
  readonly bytes: number;
  readonly nodesCpuS: number;
  readonly serverCpuS: number;
}

/** Measures a cluster of stub members, in this process, with one nats-server and the default lease. */
export async function membershipBench(
  { nodes, seconds }: { readonly nodes: number; readonly seconds: number },
  progress: Progress,
): Promise<MembershipFigures> {
  const monitorPort = await freePort();
  const nats = await startNats(['-m', String(monitorPort)]);
  const members: StubMember[] = [];
  const leaseMs = 4_000;
  try {
    for (let first = 0; first < nodes; first += atOnce) {
      const names = Array.from(
        { length: Math.min(atOnce, nodes - first) },
        (_, index) => `n${String(first + index)}`,
      );
      members.push(...(await Promise.all(names.map((name) => StubMember.join(nats.url, name, { leaseMs })))));
    }
    await settled(members);
    progress(`${String(nodes)} members know each other; measuring for ${String(seconds)} s`);
    const read = () => readingOf(nats.pid, monitorPort);
    const before = await read();
    await pause(seconds * 1_000);
    const after = await read();
    await settled(members);
    return { nodes, leaseMs, ...figures(before, after) };
  } finally {
    await Promise.all(members.map((member) => member.dispose()));
    await nats.stop();
  }
}

/** Waits until every one knows all, and one leads. */
async function settled(members: readonly StubMember[]): Promise<void> {
  const isSettled = () =>
    members.every(({ alive }) => alive.length === members.length) &&
    members.filter(({ lead }) => lead?.isCurrent === true).length === 1;
  while (!isSettled()) await pause(100);
}

async function readingOf(pid: number, monitorPort: number): Promise<Reading> {
  const answer = await fetch(`http://127.0.0.1:${String(monitorPort)}/varz`);
  const server = (await answer.json()) as Record<'in_msgs' | 'out_msgs' | 'in_bytes' | 'out_bytes', number>;
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    messages: server.in_msgs + server.out_msgs,
    bytes: server.in_bytes + server.out_bytes,
    nodesCpuS: (user + system) / 1e6,
    serverCpuS: await cpuSecondsOf(pid),
  };
}

async function cpuSecondsOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  // After the name, which may hold anything but ends in the last parenthesis: state is field 3, utime and stime 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

function figures(before: Reading, after: Reading) {
  const seconds = (after.at - before.at) / 1_000;
  return {
    seconds,
    messagesPerS: (after.messages - before.messages) / seconds,
    bytesPerS: (after.bytes - before.bytes) / seconds,
    nodesCpuShare: (after.nodesCpuS - before.nodesCpuS) / seconds,
    serverCpuShare: (after.serverCpuS - before.serverCpuS) / seconds,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
