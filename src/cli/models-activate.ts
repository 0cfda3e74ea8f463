import { InvalidArgumentError, type Command } from 'commander';
import { activationLine } from '../terminal/model-views.ts';
import { Output } from '../terminal/output.ts';
import { request } from '../transport/requests.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';

/** A node fetches, composes and reads large models. */
const activateTimeoutMs = 600_000;

interface ActivateOptions extends ClientOptions {
  readonly force?: boolean;
  readonly margin: number;
}

/** `cluster models activate`: a model in use, or several side by side. */
export function activateCommand(cli: Cli): Command {
  const does = 'Puts a model in use on every node, or the classes of several side by side.';
  return clientCommand('activate', does, 'cluster models activate 3f2a91 77ab04')
    .argument(
      '<model...>',
      'ids, or enough of their beginnings; a class of two models is the one of the earlier',
    )
    .option('--margin <points>', 'how much worse than the one in use it may be, in points of mAP', points, 1)
    .option('--force', 'whatever the evaluations say')
    .action(async (models: string[], options: ActivateOptions) => {
      const { margin, force = false } = options;
      const activate = withConnection(options, 'operator', (connection) =>
        request(connection, 'modelActivate', {}, { models, margin, force }, activateTimeoutMs),
      );
      const reply = await untilInterrupted(cli.interrupted, activate);
      await new Output(cli, options.json === true).result(reply, () => activationLine(reply));
    });
}

/** `cluster models rollback`: the model before. */
export function rollbackCommand(cli: Cli): Command {
  const does = 'Puts the model before the one in use back in use; again, the one before that.';
  return clientCommand('rollback', does, 'cluster models rollback').action(async (options: ClientOptions) => {
    const rollback = withConnection(options, 'operator', (connection) =>
      request(connection, 'modelRollback', {}, {}, activateTimeoutMs),
    );
    const reply = await untilInterrupted(cli.interrupted, rollback);
    const text = () => activationLine({ ...reply, dropped: [] });
    await new Output(cli, options.json === true).result(reply, text);
  });
}

function points(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError('Give a number from 0 to 100.');
}
