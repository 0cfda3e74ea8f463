import { constants } from 'node:os';
import type { Cli } from './cli.ts';
import { hideArguments } from './hide-arguments.ts';
import { run } from './program.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the command line of this process: its streams, its signals, its exit code. */
export async function runProcess(): Promise<void> {
  const { stdin, stdout, stderr } = process;
  hideArguments('cluster');
  leaveQuietlyOnBrokenPipe();
  const cli: Cli = { stdin, stdout, stderr, interrupted: interruption() };
  const code = await run(process.argv.slice(2), cli);
  // Not before the last line is out; what is left open then (standard input, a folder) is of no use any more.
  stdout.write('', () => process.exit(code));
}

/** Aborted by the first signal, whose name is the reason; the second one ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(128 + constants.signals[signal]);
      controller.abort(signal);
    });
  }
  return controller.signal;
}

/** `cluster search … | head` has read what it wanted: that is no error. */
function leaveQuietlyOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.exit(1);
  });
  process.stderr.on('error', () => undefined);
}
