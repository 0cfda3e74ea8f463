import { createInterface, type Interface } from 'node:readline';
import { reasonOf } from '../base/errors.ts';
import type { Output } from '../terminal/output.ts';
import { answerLine, type ConversationParts } from './answer-line.ts';
import { complete } from './completion.ts';
import { parseLine } from './evaluate.ts';
import { historyFile, readHistory, writeHistory } from './history.ts';

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
    if (!(await answerLine(parts, line, current))) failures += 1;
    // A key that has ended a view is no part of the next line.
    if (current.signal.aborted) lines.write(null, { ctrl: true, name: 'u' });
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
