import { z } from 'zod';
import { reasonOf } from '../../base/errors.ts';
import type { MessageFromBolt } from '../../bolt/messages.ts';
import { boltProtocol } from '../../bolt/messages.ts';
import { boltOutput, type BoltOutput } from '../../transport/bolt-tuple.ts';

const n = z.int().min(1);
const log = z.object({ level: z.enum(['debug', 'info', 'warn', 'error']), message: z.string() });

/** What a bolt may write; its output is looked at apart, as a bad one costs a tuple and not the process. */
const messageFromBolt = z.union([
  z.strictObject({ ready: z.object({ protocol: z.literal(boltProtocol) }) }),
  z.strictObject({ done: z.object({ n, output: z.unknown() }) }),
  z.strictObject({ failed: z.object({ n, message: z.string() }) }),
  z.strictObject({ log }),
]);

/** A message of a bolt; nobody has looked at its output yet. */
export type UncheckedMessage =
  | Exclude<MessageFromBolt, { readonly done: unknown }>
  | { readonly done: { readonly n: number; readonly output?: unknown } };

/** The message of a bolt, `undefined` if it is none. */
export function parseMessage(value: unknown): UncheckedMessage | undefined {
  return messageFromBolt.safeParse(value).data;
}

/**
 * What a bolt adds to a tuple.
 * @throws Error that says what is wrong with it
 */
export function parseOutput(value: unknown): BoltOutput {
  const { success, data, error } = boltOutput.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = ['output', ...(issue?.path.map(String) ?? [])].join('.');
  throw new Error(`its ${path} is not valid: ${reasonOf(issue?.message ?? error)}`);
}
