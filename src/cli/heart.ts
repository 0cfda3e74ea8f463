import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';

/** Exit code of a node that wants to be started again in a new process. */
export const restartExitCode = 75;

/** What a node process tells its heart once it listens. */
export const upMessage = 'up';

/** What a heart works with. */
export interface HeartParts {
  /** Starts a node process, with a channel for its messages. */
  readonly start: () => ChildProcess;
  readonly clock: Clock;
  /** Aborted by the signal that ends the node; the reason is its name. */
  readonly interrupted: AbortSignal;
  readonly notice: (text: string) => void;
}

interface Life {
  readonly wasUp: boolean;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const maxRestarts = 5;
const windowMs = 60_000;
const [firstPauseMs, maxPauseMs] = [100, 30_000];
/** A node that has run for so long has recovered: the next pause is the first one again. */
const steadyMs = 600_000;

/**
 * Keeps a node alive: starts it again when it died after it had been up, or asked for it, within an intensity (5 restarts in
 * 60 s). Pauses double from 100 ms to 30 s, so that a node that fails again and again does not move its tasks around all the
 * time, until one life lasts for 10 min. Signals are passed on. Resolves to the exit code of the last process.
 * @throws Fault `NODE_UNSTABLE` beyond the intensity
 */
export async function keepAlive(parts: HeartParts): Promise<number> {
  const { clock, interrupted } = parts;
  const restarts: number[] = [];
  let wasEverUp = false;
  let pauseMs = firstPauseMs;
  for (;;) {
    const startedAt = clock.monotonic();
    const life = await liveOnce(parts);
    wasEverUp ||= life.wasUp;
    const mayRestart = life.code === restartExitCode || wasEverUp;
    if (interrupted.aborted || life.code === 0) return exitCodeOf(life);
    const how = life.signal === null ? `with code ${String(life.code)}` : `by ${life.signal}`;
    if (!mayRestart) {
      if (life.signal !== null) parts.notice(`The node ended ${how} before it was up.`);
      return exitCodeOf(life);
    }
    const now = clock.monotonic();
    while (restarts[0] !== undefined && now - restarts[0] > windowMs) restarts.shift();
    if (restarts.length >= maxRestarts)
      throw new Fault('NODE_UNSTABLE', { restarts: maxRestarts, seconds: windowMs / 1000, how });
    if (now - startedAt >= steadyMs) pauseMs = firstPauseMs;
    restarts.push(now);
    parts.notice(`The node ended ${how}; starting it again.`);
    if (!(await pause(clock, pauseMs, interrupted))) return exitCodeOf(life);
    pauseMs = Math.min(2 * pauseMs, maxPauseMs);
  }
}

async function liveOnce({ start, interrupted }: HeartParts): Promise<Life> {
  const child = start();
  let wasUp = false;
  child.on('message', (message) => {
    if (message === upMessage) wasUp = true;
  });
  // Whoever ends this process at once (a second signal) ends the node as well.
  const kill = () => child.kill('SIGKILL');
  const passOn = () => child.kill(interrupted.reason as NodeJS.Signals);
  process.on('exit', kill);
  interrupted.addEventListener('abort', passOn);
  try {
    // Not 'exit', which may overtake what the process has said before.
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { wasUp, code, signal };
  } finally {
    process.off('exit', kill);
    interrupted.removeEventListener('abort', passOn);
  }
}

function exitCodeOf({ code, signal }: Life): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Whether the pause came to its end without a signal. */
function pause(clock: Clock, ms: number, interrupted: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => {
      interrupted.removeEventListener('abort', end);
      resolve(true);
    });
    const end = () => {
      cancel();
      resolve(false);
    };
    interrupted.addEventListener('abort', end, { once: true });
  });
}
