import { z } from 'zod';
import { jsonText, printable } from '../terminal/printable.ts';
import { pairs, table } from '../terminal/table.ts';
import { bytesText, plainText, timeText } from '../terminal/views.ts';
import { durationText } from './duration.ts';

// What nodes say of themselves, as far as it is shown: more is let through, and what differs is shown as JSON.

const record = z.record(z.string(), z.unknown());

const ownParts: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  uptimeMs: (value) => textOf(z.number(), value, durationText),
  memory: (value) =>
    textOf(
      z.object({
        rss: z.number(),
        heapUsed: z.number(),
        heapTotal: z.number(),
        external: z.number(),
        arrayBuffers: z.number(),
      }),
      value,
      ({ rss, heapUsed, heapTotal, external, arrayBuffers }) =>
        `rss ${bytesText(rss)}, heap ${bytesText(heapUsed)} of ${bytesText(heapTotal)}, external ${bytesText(external)}, array buffers ${bytesText(arrayBuffers)}`,
    ),
  eventLoopDelay: (value) =>
    textOf(
      z.object({ p50Ms: z.number(), p99Ms: z.number() }),
      value,
      ({ p50Ms, p99Ms }) => `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
    ),
};

const titles: Readonly<Record<string, string>> = { uptimeMs: 'up', eventLoopDelay: 'event-loop delay' };

/** A node at a glance; what only newer nodes say is shown by its name. */
export function nodeView(value: unknown): string {
  const { success, data } = record.safeParse(value);
  if (!success || Object.keys(data).length === 0) return jsonText(value);
  return pairs(
    Object.entries(data).map(([name, part]) => {
      const text = Object.hasOwn(ownParts, name) ? ownParts[name]?.(part) : undefined;
      return [titleOf(name), text ?? plainText(part)] as const;
    }),
  );
}

function titleOf(name: string): string {
  return Object.hasOwn(titles, name) ? (titles[name] ?? name) : printable(name);
}

function textOf<T>(schema: z.ZodType<T>, value: unknown, text: (value: T) => string): string | undefined {
  const { success, data } = schema.safeParse(value);
  return success ? text(data) : undefined;
}

/** The options of a node. */
export function configView(value: unknown): string {
  const { success, data } = record.safeParse(value);
  if (!success || Object.keys(data).length === 0) return jsonText(value);
  return pairs(Object.entries(data).map(([name, part]) => [printable(name), plainText(part)] as const));
}

const streams = z.record(
  z.string(),
  z.object({
    messages: z.number(),
    bytes: z.number(),
    oldestMs: z.number().nullable(),
    pending: z.number().optional(),
    inFlight: z.number().optional(),
    redelivered: z.number().optional(),
    ackFloor: z.number().optional(),
    lastSequence: z.number().optional(),
  }),
);

/** The streams of a cluster. */
export function queueView(value: unknown): string {
  const { success, data } = streams.safeParse(value);
  if (!success) return jsonText(value);
  return table(
    [
      { head: 'QUEUE', cell: ([name]) => name },
      { head: 'STORED', cell: ([, { messages }]) => messages, align: 'right' },
      { head: 'BYTES', cell: ([, { bytes }]) => bytesText(bytes), align: 'right' },
      { head: 'PENDING', cell: ([, { pending }]) => pending, align: 'right' },
      { head: 'IN FLIGHT', cell: ([, { inFlight }]) => inFlight, align: 'right' },
      { head: 'REDELIVERED', cell: ([, { redelivered }]) => redelivered, align: 'right' },
      { head: 'ACK FLOOR', cell: ([, { ackFloor }]) => ackFloor, align: 'right' },
      { head: 'LAST', cell: ([, { lastSequence }]) => lastSequence, align: 'right' },
      {
        head: 'OLDEST',
        cell: ([, { oldestMs }]) => (oldestMs === null ? null : durationText(oldestMs)),
        align: 'right',
      },
    ],
    Object.entries(data),
  );
}

const logLine = z.looseObject({ level: z.number(), time: z.string(), msg: z.string().optional() });
const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** Lines of a log: time, level, message, fields. */
export function logsView(value: unknown): string {
  const { success, data } = z.array(logLine).safeParse(value);
  if (!success) return jsonText(value);
  if (data.length === 0) return 'Nothing was logged.';
  return data
    .map(({ level, time, msg = '', node: _, ...fields }) => {
      const more = Object.keys(fields).length === 0 ? '' : `  ${plainText(fields)}`;
      return printable(`${time} ${levels[level] ?? String(level)} ${msg}${more}`);
    })
    .join('\n');
}

const acts = z.array(
  z.object({
    at: z.number(),
    role: z.string(),
    by: z.string().nullable(),
    act: z.string(),
    on: z.unknown(),
    outcome: z.string().nullable(),
  }),
);

/** Who has done what. */
export function auditView(value: unknown): string {
  const { success, data } = acts.safeParse(value);
  if (!success) return jsonText(value);
  if (data.length === 0) return 'Nobody has acted on this node.';
  return table(
    [
      { head: 'AT', cell: ({ at }) => timeText(at) },
      { head: 'ROLE', cell: ({ role }) => role },
      { head: 'WHO', cell: ({ by }) => by },
      { head: 'ACT', cell: ({ act }) => act },
      { head: 'ON', cell: ({ on }) => plainText(on) },
      { head: 'OUTCOME', cell: ({ outcome }) => outcome ?? 'not known' },
    ],
    data,
  );
}
