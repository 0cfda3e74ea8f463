import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Fault } from '../../base/errors.ts';
import { builtEntry } from '../../base/built-entry.ts';
import type { JoinReply, JoinRequest } from './join-messages.ts';
import type { JoinedTrainingSet, JoinProgress } from './join-training-set.ts';

/** How a join is watched. */
export interface JoinWatch {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: JoinProgress) => void) | undefined;
}

/**
 * Joins labels with the features of photos in a process of its own, which ends with this one, or with the thread that asked.
 *
 * Not in a thread: one that is ended while it is in the database's native code takes the node with it.
 * @throws Fault as `joinTrainingSet` does; `JOIN_FAILED` also if the process ended
 */
export async function joinInProcess(
  request: JoinRequest,
  { signal, onProgress }: JoinWatch = {},
): Promise<JoinedTrainingSet> {
  const isCancelled = () => signal?.aborted === true;
  if (isCancelled()) throw cancelled();
  const child = fork(fileURLToPath(builtEntry('join-process-entry', import.meta.url)), {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  try {
    const reply = await answerOf(child, request, onProgress);
    if (isCancelled()) throw cancelled();
    if (reply.kind === 'fault') throw Fault.fromWire(reply.fault);
    return reply.joined;
  } finally {
    signal?.removeEventListener('abort', kill);
    // A killed process cannot.
    await rm(request.scratch, { recursive: true, force: true });
  }
}

/** Resolves when the process has ended; what it said last counts. */
function answerOf(
  child: ChildProcess,
  request: JoinRequest,
  onProgress: JoinWatch['onProgress'],
): Promise<Exclude<JoinReply, { kind: 'progress' }>> {
  return new Promise((resolve) => {
    let answer: Exclude<JoinReply, { kind: 'progress' }> | undefined;
    child.on('message', (reply: JoinReply) => {
      if (reply.kind === 'progress') onProgress?.(reply.progress);
      else answer = reply;
    });
    const fail = (reason: string) => {
      resolve(answer ?? { kind: 'fault', fault: new Fault('JOIN_FAILED', { reason }).toWire() });
    };
    child.on('error', (error) => {
      fail(error.message);
    });
    child.on('close', (code, signal) => {
      fail(`their process ended with ${signal ?? `code ${String(code)}`}`);
    });
    // A process that is gone already is told of by the events above.
    child.send(request, () => undefined);
  });
}

function cancelled(): Fault {
  return new Fault('CANCELLED', { what: 'label join' });
}
