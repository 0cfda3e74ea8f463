import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { systemClock } from '../base/clock.ts';
import { builtEntry } from '../base/built-entry.ts';
import { Output } from '../terminal/output.ts';
import type { Cli } from './cli.ts';
import { Ended } from './errors.ts';
import { keepAlive } from './heart.ts';
import { argumentsOf, nodeOptionsOf, startSyntax, type StartOptions } from './start-options.ts';

/** Threads of libuv beside one for the decoder of each worker thread: files, names, the store. */
const sideThreads = 4;

/** Heaps of glibc. It makes one for nearly each thread otherwise, and each killed thread leaves holes in its own. */
const mallocArenas = '2';

/** `cluster start`: a node, in a process of its own that this one keeps alive. */
export function startCommand(cli: Cli): Command {
  return startSyntax().action(async (given: StartOptions) => {
    const output = new Output(cli, given.json === true);
    const { threads } = nodeOptionsOf(given);
    const code = await keepAlive({
      start: () => startNodeProcess(argumentsOf(given), threadPoolSize(threads)),
      clock: systemClock,
      interrupted: cli.interrupted,
      notice: (text) => {
        output.notice(text);
      },
    });
    if (code !== 0) throw new Ended(code);
  });
}

function startNodeProcess(options: readonly string[], poolSize: number): ChildProcess {
  return fork(fileURLToPath(builtEntry('node-process', import.meta.url)), options, {
    // Read by libuv and glibc when a process starts, so it cannot set them for itself. What the user has set wins.
    env: { UV_THREADPOOL_SIZE: String(poolSize), MALLOC_ARENA_MAX: mallocArenas, ...process.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // A group of its own: Ctrl-C reaches it once, through this process.
    detached: true,
  });
}

/** How many threads libuv needs for so many worker threads; 0 is one a core. */
export function threadPoolSize(threads: number): number {
  return (threads === 0 ? availableParallelism() : threads) + sideThreads;
}
