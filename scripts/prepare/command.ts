import { execFile } from 'node:child_process';

const maxOutputBytes = 16 * 1024 * 1024;

/** How to run a program. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end.
 * @returns what it printed, standard output and errors together
 * @throws Error with the command and the end of what it printed
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { cwd, env, timeoutMs = 900_000 } = options;
  const settings = { cwd, env: { ...process.env, ...env }, maxBuffer: maxOutputBytes, timeout: timeoutMs };
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error === null) {
        resolve(output);
        return;
      }
      const reason = output.trim() === '' ? error.message : lastLines(output);
      reject(new Error(`\`${[program, ...args].join(' ')}\` failed:\n    ${reason}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-15).join('\n    ');
}
