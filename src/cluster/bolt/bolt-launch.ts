import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { Fault, reasonOf } from '../../base/errors.ts';
import { hostCommand } from '../../bolt/host-command.ts';
import type { BoltProgram } from '../../transport/topology-spec.ts';

const inherited = ['PATH', 'LANG', 'TZ'];

/** Says in a process's environment which bolt it is. */
export const boltVariable = 'AUTOTAG_BOLT';

/**
 * Starts the process of a bolt. It leads a process group of its own: Ctrl-C does not reach it, and all of it can be killed at
 * once.
 * @param bolt - the name of its task
 * @param folder - where it is started
 * @throws Fault `BOLT_START`
 */
export async function launchBolt(
  bolt: string,
  program: BoltProgram,
  folder: string,
): Promise<ChildProcessWithoutNullStreams> {
  const [file, ...args] = commandLineOf(program);
  const env = environmentOf(bolt, folder);
  try {
    const child = spawn(file, args, { cwd: folder, env, detached: true, stdio: 'pipe' });
    await once(child, 'spawn');
    return child;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = missing ? `there is no program ${file} on this machine` : reasonOf(error);
    throw new Fault('BOLT_START', { bolt, reason }, error);
  }
}

/** `node FILE` is run by our host, anything else as it stands. */
function commandLineOf({ command, memoryBytes }: BoltProgram): readonly [string, ...string[]] {
  const [program = '', ...args] = command;
  const [file] = args;
  if (program === 'node' && args.length === 1 && file !== undefined) return hostCommand(file, memoryBytes);
  return [program, ...args];
}

/** All of the environment of a bolt's process: nothing of the node's that may be secret. */
function environmentOf(bolt: string, folder: string): Record<string, string> {
  const own = inherited.map((name) => [name, process.env[name]] as const);
  const set = own.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(set), HOME: folder, [boltVariable]: bolt };
}
