import type { Readable } from 'node:stream';
import type { Streams } from '../terminal/output.ts';

/** What a command has of the world around it. */
export interface Cli extends Streams {
  readonly stdin: Readable;
  readonly stderr: Streams['stderr'] & { readonly isTTY?: boolean };
  readonly stdout: Streams['stdout'] & { readonly isTTY?: boolean };
  /** Aborted by Ctrl-C or another ending signal; the reason is the signal's name. */
  readonly interrupted: AbortSignal;
}
