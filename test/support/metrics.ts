import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The sum of a metric's samples, as a node serves it; 0 if it has none.
 * @param labels - part of the sample's line
 * @param within - what a command line begins with to run on the node's machine, whose loopback serves it
 */
export async function readMetric(
  httpUrl: string,
  name: string,
  labels = '',
  within: readonly string[] = [],
): Promise<number> {
  const url = `${httpUrl}/metrics`;
  const text = within.length === 0 ? await (await fetch(url)).text() : await fetchedWithin(within, url);
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function fetchedWithin(within: readonly string[], url: string): Promise<string> {
  const script = `process.stdout.write(await (await fetch(${JSON.stringify(url)})).text())`;
  const [program = '', ...before] = within;
  const args = [...before, process.execPath, '--input-type=module', '-e', script];
  return (await promisify(execFile)(program, args)).stdout;
}
