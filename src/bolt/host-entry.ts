// The process of a bolt that is written in TypeScript or JavaScript: `host-entry.js FILE`.
import { Console } from 'node:console';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { reasonOf } from '../base/errors.ts';
import type { Bolt, BoltLog } from './bolt.ts';
import { FrameReader } from './frame-reader.ts';
import {
  boltProtocol,
  maxLineBytes,
  type BoltLogLevel,
  type MessageFromBolt,
  type MessageToBolt,
  type ProcessRequest,
} from './messages.ts';

/** What a bolt may still do after the end of its input, ms. */
const endMs = 1_000;

const { stdin, stdout, stderr } = process;
const ending = new AbortController();
const logAs = (level: BoltLogLevel) => (message: string) => {
  say({ log: { level, message } });
};
const log: BoltLog = {
  debug: logAs('debug'),
  info: logAs('info'),
  warn: logAs('warn'),
  error: logAs('error'),
};

let bolt: Bolt | undefined;
/** What it is at; the next thing waits for that. */
let current = Promise.resolve();

giveStdoutToTheLog();
process.on('uncaughtException', fail);
const reader = new FrameReader({
  bytesAfter: (message) => (message as { process?: ProcessRequest }).process?.bytes ?? 0,
});
stdin.on('data', (chunk: Buffer) => {
  for (const { message, bytes } of reader.read(chunk)) take(message as MessageToBolt, bytes);
});
stdin.on('end', () => {
  ending.abort();
  setTimeout(exit, endMs).unref();
  void current.then(exit);
});

function take(message: MessageToBolt, photo: Uint8Array<ArrayBuffer>): void {
  current = current.then(() => ('hello' in message ? begin(message.hello) : run(message.process, photo)));
}

async function begin({
  topology,
  component,
  task,
}: Extract<MessageToBolt, { hello: unknown }>['hello']): Promise<void> {
  try {
    bolt = await load(process.argv[2] ?? '');
    await bolt.init?.({ topology, component, task }, log);
    say({ ready: { protocol: boltProtocol } });
  } catch (error) {
    fail(error);
  }
}

async function load(file: string): Promise<Bolt> {
  const module = (await import(pathToFileURL(resolve(file)).href)) as { default?: Partial<Bolt> };
  const found = module.default;
  if (typeof found?.process !== 'function')
    throw new Error(`${file} exports no bolt; it needs: export default bolt({ process: … })`);
  return found as Bolt;
}

async function run({ n, tuple }: ProcessRequest, photo: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    const output = (await bolt?.process({ tuple, photo, signal: ending.signal, log })) ?? {};
    const line = lineOf({ done: { n, output } });
    if (line.length > maxLineBytes)
      throw new Error(`its output has ${String(line.length)} bytes, more than 1 MiB`);
    stdout.write(line);
  } catch (error) {
    if (error instanceof Error && error.stack !== undefined) log.warn(error.stack);
    say({ failed: { n, message: reasonOf(error) } });
  }
}

function say(message: MessageFromBolt): void {
  stdout.write(lineOf(message));
}

function lineOf(message: MessageFromBolt): Buffer {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}

/** Standard output is the node's: what anybody prints there becomes lines of the log. */
function giveStdoutToTheLog(): void {
  const toLog = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      log.info(chunk.toString().trimEnd());
      done();
    },
  });
  Object.defineProperty(process, 'stdout', { value: toLog });
  globalThis.console = new Console(toLog, stderr);
}

/** Ends the process; the node tells the last line as the reason. */
function fail(error: unknown): void {
  if (error instanceof Error && error.stack !== undefined) stderr.write(`${error.stack}\n`);
  stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}

function exit(): void {
  process.exit(0);
}
