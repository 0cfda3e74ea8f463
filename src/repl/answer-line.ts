import type { Readable } from 'node:stream';
import { Fault } from '../base/errors.ts';
import type { Output, Streams } from '../terminal/output.ts';
import type { Live } from './command.ts';
import { parseLine } from './evaluate.ts';
import type { Session } from './session.ts';

/** Where a conversation takes place. */
export interface ConversationParts {
  readonly session: Session;
  readonly output: Output;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly streams: Streams;
  readonly interrupted: AbortSignal;
}

const clearScreen = '\u001B[2J\u001B[H';

/**
 * Carries out a line and says what comes of it, or what went wrong; on a terminal, views that go on do so until `stop` is
 * aborted. Resolves to whether nothing went wrong.
 */
export async function answerLine(
  parts: ConversationParts,
  line: string,
  stop: AbortController,
): Promise<boolean> {
  const { session, output, input } = parts;
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
  try {
    const statement = parseLine(line);
    if (statement?.live !== undefined && input.isTTY === true && !output.json) {
      await show(parts, statement.live, stop, stopped);
      return true;
    }
    const said = await Promise.race([statement?.run(session), stopped]);
    if (stop.signal.aborted) output.notice('No longer waiting; the node may still carry it out.');
    if (said !== undefined) await output.result(said.value, said.text);
    return true;
  } catch (error) {
    output.error(Fault.from(error));
    return false;
  }
}

/** Shows answers as they come; any key ends a view that is refreshed. */
async function show(
  { session, output, input, streams }: ConversationParts,
  { refreshes, answers, left }: Live,
  stop: AbortController,
  stopped: Promise<undefined>,
): Promise<void> {
  const coming = answers(session)[Symbol.asyncIterator]();
  const end = () => {
    stop.abort();
  };
  if (refreshes) input.on('keypress', end);
  try {
    for (;;) {
      const next = await Promise.race([coming.next(), stopped]);
      if (next === undefined || next.done === true) break;
      if (refreshes) streams.stdout.write(clearScreen);
      await output.result(next.value.value, next.value.text);
    }
    if (stop.signal.aborted && left !== undefined) output.notice(left);
  } finally {
    input.off('keypress', end);
  }
}
