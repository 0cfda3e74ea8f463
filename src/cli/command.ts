import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultUrl } from './connect.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
}

/** Options of commands that talk to a cluster. */
export interface ClientOptions extends CommonOptions {
  readonly nats: string;
  readonly data?: string;
}

/** A command that only has commands of its own. */
export function commandGroup(name: string, does: string, example: string): Command {
  return new Command(name).description(does).addHelpText('after', `\nExample:\n  ${example}`);
}

/** A command with what all of them share: `--json` and an example in its help. */
export function command(name: string, does: string, example: string): Command {
  return commandGroup(name, does, example).option('--json', 'JSON, one value a line, instead of text');
}

/** A command that talks to a running cluster. */
export function clientCommand(name: string, does: string, example: string): Command {
  return command(name, does, example)
    .addOption(
      new Option('--nats <url>', 'where the cluster is: a URL, or a token of `cluster invite`')
        .env('CLUSTER_NATS_URL')
        .default(defaultUrl),
    )
    .option('--data <folder>', "a node's data folder, to find its credentials in");
}

/** A parser of whole numbers from `least` to `most`, for an option or argument. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    const limits =
      most === Number.MAX_SAFE_INTEGER ? `from ${String(least)}` : `from ${String(least)} to ${String(most)}`;
    throw new InvalidArgumentError(`Give a whole number ${limits}.`);
  };
}

/** The same for an argument that may be repeated: the numbers in their order. */
export function wholeNumbers(
  least: number,
): (text: string, before: readonly number[] | undefined) => number[] {
  const parse = wholeNumber(least);
  return (text, before = []) => [...before, parse(text)];
}
