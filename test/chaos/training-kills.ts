import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findRunning, prepareFiles } from '../../src/transport/server/server-files.ts';
import type { Task } from '../../src/train/task.ts';
import type { TaskContext, TaskHandler } from '../../src/train/tasks/index.ts';

/** Something that is to be killed while tasks are carried out. */
export interface PlannedKill {
  /** The kind of task that brings it about. */
  readonly kind: string;
  /** Counted from the beginning of the task, or from its end. */
  readonly from: 'begin' | 'end';
  readonly delayMs: number;
  /** The node with its nats-server, nats-server alone, or the thread of the task. */
  readonly victim: 'all' | 'nats' | 'thread';
}

/** Leaves a plan in a node's data folder, in place of what is left of the one before. */
export async function planKills(data: string, kills: readonly PlannedKill[]): Promise<void> {
  const folder = folderIn(data);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const [index, kill] of kills.entries())
    await writeFile(join(folder, String(index).padStart(4, '0')), JSON.stringify(kill));
}

/** What of the plan has not come about. */
export async function killsLeft(data: string): Promise<PlannedKill[]> {
  const folder = folderIn(data);
  const names = (await readdir(folder)).sort();
  return await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as PlannedKill),
  );
}

/** Task handlers that heed the plan in the data folder of their node: its kills come about one by one, in their order. */
export function deadly(
  handlers: Readonly<Record<string, TaskHandler>>,
): Readonly<Record<string, TaskHandler>> {
  return Object.fromEntries(
    Object.entries(handlers).map(([kind, handler]) => [
      kind,
      async (task: Task, context: TaskContext) => {
        const data = dirname(dirname(context.blobs.path('0'.repeat(64))));
        await heed(data, kind, 'begin');
        const result = await handler(task, context);
        await heed(data, kind, 'end');
        return result;
      },
    ]),
  );
}

async function heed(data: string, kind: string, from: PlannedKill['from']): Promise<void> {
  const [next] = (await readdir(folderIn(data)).catch(() => [])).sort();
  if (next === undefined) return;
  const file = join(folderIn(data), next);
  const kill = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as PlannedKill,
    () => undefined,
  );
  if (kill?.kind !== kind || kill.from !== from) return;
  const isOurs = await rm(file).then(
    () => true,
    () => false,
  );
  if (!isOurs) return;
  if (kill.victim === 'thread') process.exit(3);
  const server = (await findRunning(await prepareFiles(data)))?.pid;
  const victims = [
    ...(kill.victim === 'all' ? [process.pid] : []),
    ...(server === undefined ? [] : [server]),
  ];
  // By somebody else: a thread that computes has no timers.
  const script = `sleep ${String(kill.delayMs / 1000)}; kill -9 ${victims.join(' ')}`;
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' }).unref();
}

function folderIn(data: string): string {
  return join(data, 'planned-kills');
}
