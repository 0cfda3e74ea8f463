/** One log line as it was written: level, time, message and fields. */
export type LogLine = Readonly<Record<string, unknown>>;

const maxLines = 2_000;
/** Beside the rest of an answer, they fit a NATS message of the least usual size, 1 MiB. */
const maxCharacters = 256 * 1024;
/** A longer line is in the log alone. */
const maxLineCharacters = 16 * 1024;

/** The newest log lines of a node, so that people can read them from afar. */
export class RecentLines {
  readonly #lines: string[] = [];
  #characters = 0;

  /** Takes a line of JSON. */
  write(line: string): void {
    if (line.length > maxLineCharacters) return;
    this.#lines.push(line);
    this.#characters += line.length;
    while (this.#lines.length > maxLines || this.#characters > maxCharacters)
      this.#characters -= this.#lines.shift()?.length ?? 0;
  }

  /** The newest `limit` lines, oldest first; with `names` those that name one of them as actor, child or supervisor. */
  read(limit: number, names?: readonly string[]): readonly LogLine[] {
    const lines = this.#lines.map((line) => JSON.parse(line) as LogLine);
    const wanted = names === undefined ? lines : lines.filter((line) => speaksOf(line, names));
    return wanted.slice(-limit);
  }
}

function speaksOf(line: LogLine, names: readonly string[]): boolean {
  return [line['actor'], line['child'], line['supervisor']].some(
    (name) => typeof name === 'string' && names.includes(name),
  );
}
