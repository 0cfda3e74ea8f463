import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { ThreadReply } from './thread-messages.ts';

/** A reply as a thread hands it over when a buffer in it is to be moved to the main thread, not copied. */
export function movedReply<T>(reply: ThreadReply<T>, buffer: ArrayBuffer): ThreadReply<T> {
  const moving = move({ [transferableSymbol]: buffer, [valueSymbol]: reply });
  // Piscina takes the reply out of it before it is sent.
  return moving as unknown as ThreadReply<T>;
}
