import { Fault } from '../base/errors.ts';

/** Longer than any path that a system takes. */
const maxPathBytes = 64 * 1024;

/**
 * The paths in a stream, each ended by `separator`; empty ones are left out. Bounded memory: one path and one chunk.
 * Not by `readline`, which would also end a path at a lone CR or a Unicode line separator.
 * @throws Fault `USAGE` if one is longer than any path can be
 */
export async function* pathList(
  input: AsyncIterable<Buffer | string>,
  separator: '\n' | '\0' = '\n',
): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    let start = 0;
    for (let end = rest.indexOf(separator); end !== -1; end = rest.indexOf(separator, start)) {
      yield* pathIn(rest.subarray(start, end), separator);
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > maxPathBytes)
      throw new Fault('USAGE', {
        reason: 'The list on standard input has a line that is no path; give one a line.',
      });
  }
  yield* pathIn(rest, separator);
}

function* pathIn(bytes: Buffer, separator: string): Generator<string> {
  const text = bytes.toString('utf8');
  // Lists written on Windows end their lines with CR LF.
  const path = separator === '\n' && text.endsWith('\r') ? text.slice(0, -1) : text;
  if (path !== '') yield path;
}
