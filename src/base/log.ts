import { pino } from 'pino';
import type { Logger } from 'pino';
import type { RecentLines } from './recent-lines.ts';

/** A structured logger: one JSON object a line. */
export type Log = Logger;

/** Fields that must never be written, wherever they stand in a record. */
const secrets = [
  'pass',
  'password',
  'token',
  'credentials',
  '*.pass',
  '*.password',
  '*.token',
  '*.credentials',
];

/** A logger on stderr, since stdout belongs to a command's result; `recent` keeps what it wrote last. */
export function createLog(
  level: string,
  bindings: Readonly<Record<string, unknown>> = {},
  recent?: RecentLines,
): Log {
  const options = { level, base: bindings, redact: secrets, timestamp: pino.stdTimeFunctions.isoTime };
  const stderr = pino.destination({ fd: 2, sync: false });
  if (recent === undefined) return pino(options, stderr);
  const both = (line: string) => {
    stderr.write(line);
    recent.write(line);
  };
  return pino(options, { write: both });
}

/** A logger that writes nothing. */
export const silentLog: Log = pino({ level: 'silent' });
