import type { Command } from 'commander';
import { converse } from '../repl/conversation.ts';
import { evaluate } from '../repl/evaluate.ts';
import { Session } from '../repl/session.ts';
import { Output } from '../terminal/output.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { Ended, exitCodes, Interrupted, untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

interface ReplOptions extends ClientOptions {
  readonly evaluate?: readonly string[];
}

/** `cluster repl`: looks at and acts on any actor of any node. */
export function replCommand(cli: Cli): Command {
  return clientCommand('repl', summaries.repl, "cluster repl -e 'tree n1'")
    .option('-e, --evaluate <line>', 'carries out a line and ends; may be repeated', collect)
    .action(async (options: ReplOptions) => {
      const output = new Output(cli, options.json === true);
      await withConnection(options, 'operator', async (connection) => {
        const session = new Session(connection);
        const { evaluate: lines } = options;
        if (lines === undefined) await talk(cli, session, output);
        else await untilInterrupted(cli.interrupted, evaluateAll(session, lines, output));
      });
    });
}

async function talk(cli: Cli, session: Session, output: Output): Promise<void> {
  const { stdin: input, interrupted } = cli;
  const failures = await converse({ session, output, input, streams: cli, interrupted });
  if (interrupted.aborted) throw new Interrupted(interrupted.reason);
  // A person has seen what failed; a script wants to know.
  if (failures > 0 && !('isTTY' in input && input.isTTY === true)) throw new Ended(exitCodes.failure);
}

async function evaluateAll(session: Session, lines: readonly string[], output: Output): Promise<void> {
  for (const line of lines) {
    const answer = await evaluate(session, line);
    if (answer !== undefined) await output.result(answer.value, answer.text);
  }
}

function collect(line: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), line];
}
