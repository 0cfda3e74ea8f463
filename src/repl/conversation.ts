import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Fault, reasonOf } from '../base/errors.ts';
import type { Output, Streams } from '../terminal/output.ts';
import { complete } from './completion.ts';
import { evaluate, parseLine } from './evaluate.ts';
import { historyFile, readHistory, writeHistory } from './history.ts';
import type { Session } from './session.ts';

/** Where a conversation takes place. */
export interface ConversationParts {
  readonly session: Session;
  readonly output: Output;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly streams: Streams;
  readonly interrupted: AbortSignal;
}

/**
 * Reads commands until `exit`, the end of the input, or a signal, and answers each. On a terminal with history and
 * completion; Ctrl-C stops waiting for an answer, or clears the line. Resolves to how many commands failed.
 */
export async function converse(parts: ConversationParts): Promise<number> {
  const { input, output, interrupted } = parts;
  const isTerminal = input.isTTY === true;
  let history = isTerminal ? await readHistory(historyFile()) : [];
  const lines = openLines(parts, history);
  let isOpen = true;
  let current: AbortController | undefined;
  lines.on('history', (newest) => (history = newest));
  lines.on('close', () => (isOpen = false));
  lines.on('SIGINT', () => {
    if (current === undefined) lines.write(null, { ctrl: true, name: 'u' });
    else current.abort();
  });
  const close = () => {
    lines.close();
  };
  interrupted.addEventListener('abort', close);
  const prompt = () => {
    if (isTerminal && isOpen) lines.prompt();
  };
  let failures = 0;
  prompt();
  for await (const line of lines) {
    if (isExit(line)) break;
    current = new AbortController();
    if (!(await answer(parts, line, current.signal))) failures += 1;
    current = undefined;
    prompt();
  }
  close();
  interrupted.removeEventListener('abort', close);
  if (isTerminal) await keep(history, output);
  return failures;
}

function openLines({ session, input, streams }: ConversationParts, history: string[]): Interface {
  const isTerminal = input.isTTY === true;
  return createInterface({
    input,
    // Prompts belong to people: piped commands get answers only.
    ...(isTerminal ? { output: streams.stdout, history } : {}),
    terminal: isTerminal,
    prompt: 'cluster> ',
    removeHistoryDuplicates: true,
    completer: (line: string, callback: (error: null, result: [string[], string]) => void) => {
      void complete(session, line).then((result) => {
        callback(null, result);
      });
    },
  });
}

/** Whether the line was carried out; what went wrong is said. */
async function answer(
  { session, output }: ConversationParts,
  line: string,
  stop: AbortSignal,
): Promise<boolean> {
  try {
    const stopped = new Promise<undefined>((resolve) => {
      stop.addEventListener('abort', () => {
        resolve(undefined);
      });
    });
    const said = await Promise.race([evaluate(session, line), stopped]);
    if (stop.aborted) output.notice('No longer waiting; the node may still carry it out.');
    if (said !== undefined) await output.result(said.value, said.text);
    return true;
  } catch (error) {
    output.error(Fault.from(error));
    return false;
  }
}

function isExit(line: string): boolean {
  try {
    return parseLine(line)?.command.name === 'exit';
  } catch {
    return false;
  }
}

async function keep(history: readonly string[], output: Output): Promise<void> {
  try {
    await writeHistory(historyFile(), history);
  } catch (error) {
    output.notice(`The history was not kept: ${reasonOf(error)}`);
  }
}
