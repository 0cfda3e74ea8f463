import { pino } from 'pino';
import type { Logger } from 'pino';

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

/** A logger on stderr, since stdout belongs to a command's result. */
export function createLog(level: string, bindings: Readonly<Record<string, unknown>> = {}): Log {
  const options = { level, base: bindings, redact: secrets, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, pino.destination({ fd: 2, sync: false }));
}

/** A logger that writes nothing. */
export const silentLog: Log = pino({ level: 'silent' });
