import type { NodeOptions } from '../base/options.ts';
import { storePlace } from '../base/store-url.ts';
import { parseAddress } from '../transport/address.ts';
import type { DeadLetterStatus } from '../transport/dead-letters.ts';
import type { QueueStatus } from '../transport/work-queue.ts';

/** The memory of this process, bytes. */
export function memoryReport() {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  return { rss, heapUsed, heapTotal, external, arrayBuffers };
}

const secretName = /pass|secret|token|credential/i;

/** The options of a node as anybody may see them: without passwords. */
export function configReport(options: NodeOptions): Readonly<Record<string, unknown>> {
  const shown = (name: string, value: unknown) => {
    if (secretName.test(name)) return '…';
    if (typeof value !== 'string') return value;
    if (name === 'nats' || name === 'httpNats') return shownAs(() => parseAddress(value).url);
    return name === 'storeUrl' ? shownAs(() => storePlace(value)) : value;
  };
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, shown(name, value)]));
}

/** Where a server is, and nothing of who may use it; a text that is no address may hold anything. */
function shownAs(place: () => string): string {
  try {
    return place();
  } catch {
    return '…';
  }
}

/** A stream and how its messages fare; plain data. */
export interface StreamReport {
  readonly messages: number;
  readonly bytes: number;
  /** -1 is no limit. */
  readonly maxBytes: number;
  /** How long the first message has been there, ms; `null` if there is none. */
  readonly oldestMs: number | null;
  /** Only of a queue: that nobody has taken yet. */
  readonly pending?: number;
  readonly inFlight?: number;
  /** Of those in flight, that were delivered before. */
  readonly redelivered?: number;
  /** All up to this number are done. */
  readonly ackFloor?: number;
  readonly lastSequence?: number;
}

/** A queue at wall time `now`. */
export function queueReport(status: QueueStatus, now: number): StreamReport {
  const { waiting: pending, inFlight, redelivered, doneUpTo: ackFloor, lastSequence } = status;
  return { ...deadReport(status, now), pending, inFlight, redelivered, ackFloor, lastSequence };
}

/** A stream that nobody pulls from, at wall time `now`. */
export function deadReport(
  { messages, bytes, maxBytes, oldestAt }: DeadLetterStatus | QueueStatus,
  now: number,
): StreamReport {
  // Clocks of machines differ.
  return {
    messages,
    bytes,
    maxBytes,
    oldestMs: oldestAt === undefined ? null : Math.max(now - oldestAt, 0),
  };
}
