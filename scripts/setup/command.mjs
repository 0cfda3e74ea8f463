import { spawn } from 'node:child_process';

const running = new Set();
const linesShown = 12;

/**
 * Runs a program to its end; what it prints is shown only if it fails.
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<string>} its standard output
 */
export function runCommand(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    let everything = '';
    child.stdout.on('data', (text) => {
      output += text;
      everything += text;
    });
    child.stderr.on('data', (text) => {
      everything += text;
    });
    child.on('error', (error) => {
      running.delete(child);
      reject(new Error(`${program} cannot be run (${error.message})`));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      if (code === 0) return resolve(output);
      const how = code === null ? `ended by ${signal}` : `failed with exit code ${code}`;
      return reject(
        new Error(`\`${[program, ...args].join(' ')}\` ${how}:\n    ${ends(everything).join('\n    ')}`),
      );
    });
  });
}

/** The first and last lines: npm says what is wrong first, compilers last. */
function ends(text) {
  const lines = text.trimEnd().split('\n');
  return lines.length <= 2 * linesShown
    ? lines
    : [...lines.slice(0, linesShown), '…', ...lines.slice(-linesShown)];
}

/** Ends the programs that still run. */
export function endCommands() {
  for (const child of running) child.kill('SIGTERM');
}
