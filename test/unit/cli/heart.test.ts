import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { keepAlive } from '../../../src/cli/heart.ts';

const up = `process.send('up', () => {`;
const dies = `${up} process.kill(process.pid, 'SIGKILL') });`;

/** Pauses take no time, and each takes a step on the monotonic clock; how long they were to be is written down. */
function hastyClock(stepMs = 1, pauses: number[] = []): Clock {
  let elapsed = 0;
  return {
    now: () => elapsed,
    monotonic: () => elapsed,
    after: (ms, action) => {
      pauses.push(ms);
      elapsed += stepMs;
      setImmediate(action);
      return () => undefined;
    },
  };
}

/** A heart over processes that run these scripts one after the other, the last one again and again. */
async function beat(scripts: readonly string[], clock = hastyClock()) {
  let lives = 0;
  const notices: string[] = [];
  const code = keepAlive({
    start: () => {
      const script = scripts[Math.min(lives, scripts.length - 1)] ?? '';
      lives += 1;
      return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    },
    clock,
    interrupted: new AbortController().signal,
    notice: (text) => notices.push(text),
  });
  const outcome = await code.catch((error: unknown) => error);
  return { outcome, lives, notices };
}

describe('the heart of a node', () => {
  it('ends with a node that ends well', async () => {
    expect(await beat([`${up} process.exit(0) })`])).toMatchObject({ outcome: 0, lives: 1 });
  });

  it('does not restart what never came up', async () => {
    expect(await beat(['process.exit(3)'])).toMatchObject({ outcome: 3, lives: 1 });
  });

  it('restarts a node that was killed after it had come up', async () => {
    const { outcome, lives, notices } = await beat([dies, `${up} process.exit(0) })`]);
    expect({ outcome, lives }).toEqual({ outcome: 0, lives: 2 });
    expect(notices).toEqual(['The node ended by SIGKILL; starting it again.']);
  });

  it('restarts a node that asks for it, even before it came up', async () => {
    expect(await beat(['process.exit(75)', 'process.exit(0)'])).toMatchObject({ outcome: 0, lives: 2 });
  });

  it('tries again when a restarted node does not come up at first', async () => {
    expect(await beat([dies, 'process.exit(1)', 'process.exit(0)'])).toMatchObject({ outcome: 0, lives: 3 });
  });

  it('gives up after five restarts within a minute', async () => {
    const { outcome, lives } = await beat([dies]);
    expect(outcome).toMatchObject({ code: 'NODE_UNSTABLE' });
    expect(lives).toBe(6);
  });

  it('forgets restarts that are more than a minute ago', async () => {
    const scripts = [dies, dies, dies, dies, dies, dies, dies, dies, 'process.exit(0)'];
    expect(await beat(scripts, hastyClock(20_000))).toMatchObject({ outcome: 0, lives: 9 });
  });

  it('pauses for longer before each restart, up to half a minute', async () => {
    const pauses: number[] = [];
    const scripts = [...Array.from({ length: 11 }, () => dies), 'process.exit(0)'];
    expect(await beat(scripts, hastyClock(20_000, pauses))).toMatchObject({ outcome: 0, lives: 12 });
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('passes a signal on, and takes the end that follows for good', async () => {
    const interruption = new AbortController();
    let lives = 0;
    const outcome = await keepAlive({
      start: () => {
        lives += 1;
        const script = `process.on('SIGHUP', () => process.exit(5)); ${up} }); setInterval(() => {}, 1000);`;
        const child = spawn(process.execPath, ['-e', script], {
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        });
        child.on('message', () => {
          interruption.abort('SIGHUP');
        });
        return child;
      },
      clock: hastyClock(),
      interrupted: interruption.signal,
      notice: () => undefined,
    });
    expect({ outcome, lives }).toEqual({ outcome: 5, lives: 1 });
  });
});
