// The process of a node, started by `cluster start`, which is its heart.
import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { startNode, type Node } from '../node.ts';
import { Output } from '../terminal/output.ts';
import { endingOf, exitCodes } from './errors.ts';
import { restartExitCode, upMessage } from './heart.ts';
import { hideArguments } from './hide-arguments.ts';
import { joinLine } from './invite.ts';
import { nodeOptionsOf, startSyntax, type StartOptions } from './start-options.ts';

hideArguments('cluster start');

// Its heart is gone: whoever killed that wants no node.
process.on('disconnect', () => process.exit(exitCodes.failure));
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Resolves at the first signal; the second one ends the process at once. */
const stopped = new Promise<void>((resolve) => {
  let isSecond = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isSecond) process.exit(exitCodes.failure);
      isSecond = true;
      resolve();
    });
  }
});

const syntax: Command = startSyntax();
syntax.parse(process.argv.slice(2), { from: 'user' });
const given: StartOptions = syntax.opts();
const output = new Output(process, given.json === true);
process.exit(await live());

/** Starts the node and waits for its end; resolves to the exit code. */
async function live(): Promise<number> {
  try {
    const node = await startNode(nodeOptionsOf(given));
    await announce(node);
    const end = await Promise.race([node.ended, stopped.then(() => undefined)]);
    if (end === undefined) {
      await node.stop();
      return exitCodes.success;
    }
    output.error(end.fault);
    return end.restart ? restartExitCode : exitCodes.failure;
  } catch (error) {
    output.error(Fault.from(error));
    return endingOf(error).exitCode;
  }
}

/** To the heart first: whoever has read the line may count on being restarted. */
async function announce(node: Node): Promise<void> {
  const { name, url, httpUrl } = node;
  await new Promise<void>((resolve) => {
    if (process.send === undefined) resolve();
    else
      process.send(upMessage, () => {
        resolve();
      });
  });
  const { pid } = process;
  await output.result(
    { node: name, nats: url, http: httpUrl, pid },
    `Node ${name} is up (process ${String(pid)}).\n  NATS     ${url}\n  HTTP     ${httpUrl}/api/v1\n  page     ${httpUrl}/\n${howToJoin(node)}Ctrl-C drains and ends it.`,
  );
}

/** For a terminal alone: it holds a password, and what is not a terminal may be a log. */
function howToJoin({ invitation }: Node): string {
  if (invitation === undefined) return '';
  return process.stdout.isTTY
    ? `Another machine joins by this line, which holds a password:\n  ${joinLine(invitation)}\n`
    : '`cluster invite` prints the line by which another machine joins.\n';
}
