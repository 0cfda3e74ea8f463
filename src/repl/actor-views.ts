import { z } from 'zod';
import { byUrgency } from '../base/urgency.ts';
import { jsonText } from '../terminal/printable.ts';
import { pairs, table } from '../terminal/table.ts';
import { tree, type Branch } from '../terminal/tree.ts';
import { plainText, timeText } from '../terminal/views.ts';
import { durationText } from './duration.ts';
import type { Finding } from './session.ts';

// What nodes say of their actors, as far as it is shown: more is let through, and what differs is shown as JSON.

const treeNode = z.object({
  id: z.string(),
  pid: z.string().nullable(),
  name: z.string().nullable(),
  phase: z.string(),
  restarts: z.number(),
  strategy: z.string().optional(),
  get children() {
    return z.array(treeNode).optional();
  },
});
type TreeNode = z.infer<typeof treeNode>;

const processes = z.array(
  z.object({
    name: z.string().nullable(),
    child: z.string().nullable(),
    pid: z.string(),
    kind: z.string(),
    phase: z.string(),
    restarts: z.number(),
    startedAt: z.number(),
    mailbox: z.object({ length: z.number(), limit: z.number().nullable(), handled: z.number() }).nullable(),
  }),
);

const mailbox = z.object({
  phase: z.string(),
  mailbox: z.object({
    length: z.number(),
    limit: z.number().nullable(),
    signals: z.number(),
    handled: z.number(),
    current: z.object({ forMs: z.number(), content: z.unknown() }).nullable(),
  }),
  messages: z.array(z.unknown()),
  signals: z.array(z.unknown()),
});

const activity = z.object({
  name: z.string().nullable(),
  pid: z.string(),
  kind: z.string(),
  phase: z.string(),
  perSecond: z.number(),
  waiting: z.number(),
  limit: z.number().nullable(),
  busyMs: z.number().nullable(),
  current: z.unknown(),
});

const traceEntry = z.object({
  number: z.number(),
  at: z.number(),
  kind: z.string(),
  content: z.unknown(),
  tookMs: z.number().nullable(),
});
type TraceEntry = z.infer<typeof traceEntry>;

const traceReport = z.object({ active: z.boolean(), dropped: z.number(), entries: z.array(traceEntry) });
type TraceReport = z.infer<typeof traceReport>;

/** The supervision tree of a node. */
export function treeView(value: unknown): string {
  const { success, data } = treeNode.safeParse(value);
  return success ? tree(branchOf(data)) : jsonText(value);
}

/** The processes of a node. */
export function listView(value: unknown): string {
  const { success, data } = processes.safeParse(value);
  if (!success) return jsonText(value);
  return table(
    [
      { head: 'NAME', cell: ({ name }) => name },
      { head: 'PID', cell: ({ pid }) => pid },
      { head: 'CHILD', cell: ({ child }) => child },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'PHASE', cell: ({ phase }) => phase },
      { head: 'MAILBOX', cell: ({ mailbox }) => (mailbox === null ? null : fill(mailbox)), align: 'right' },
      { head: 'HANDLED', cell: ({ mailbox }) => mailbox?.handled, align: 'right' },
      { head: 'RESTARTS', cell: ({ restarts }) => restarts, align: 'right' },
      { head: 'STARTED', cell: ({ startedAt }) => timeText(startedAt) },
    ],
    data,
  );
}

/** What waits for an actor, and what it is at. */
export function mailboxView(value: unknown): string {
  const { success, data } = mailbox.safeParse(value);
  if (!success) return jsonText(value);
  const { phase, messages, signals } = data;
  const { current, length, handled } = data.mailbox;
  const head = pairs([
    ['phase', phase],
    ['waiting', fill(data.mailbox)],
    ['signals', data.mailbox.signals],
    ['handled', handled],
    ['busy', current === null ? 'no' : `for ${durationText(current.forMs)}: ${plainText(current.content)}`],
  ]);
  const more = length - messages.length;
  const waiting = [
    ...signals.map((content) => ({ place: 'signal', content })),
    ...messages.map((content, index) => ({ place: String(index + 1), content })),
    ...(more > 0 ? [{ place: '…', content: `${String(more)} more` }] : []),
  ];
  if (waiting.length === 0) return head;
  const rows = table(
    [
      { head: 'WAITS', cell: ({ place }) => place, align: 'right' },
      { head: 'CONTENT', cell: ({ content }) => plainText(content) },
    ],
    waiting,
  );
  return `${head}\n${rows}`;
}

/** An actor of a node in a ranking. */
export interface Ranked extends z.infer<typeof activity> {
  readonly node: string;
}

const shownActors = 20;

/** What nodes say of their actors, as one ranking. */
export function topOf(findings: readonly Finding[]): readonly Ranked[] {
  return findings
    .flatMap((finding) => {
      const { success, data } = z.array(activity).safeParse('value' in finding ? finding.value : undefined);
      return success ? data.map((one) => ({ node: finding.node, ...one })) : [];
    })
    .sort(byUrgency)
    .slice(0, shownActors);
}

/** A ranking of actors: those that have something to do, or are not running. */
export function activityView(ranked: readonly Ranked[]): string {
  const shown = ranked.filter((one) => !isIdle(one));
  if (shown.length === 0) return 'All actors are idle.';
  const rows = table(
    [
      { head: 'NODE', cell: ({ node }) => node },
      { head: 'ACTOR', cell: ({ name, pid }) => name ?? pid },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'PHASE', cell: ({ phase }) => phase },
      { head: 'MESSAGES/S', cell: ({ perSecond }) => perSecond.toFixed(0), align: 'right' },
      { head: 'MAILBOX', cell: ({ waiting, limit }) => fill({ length: waiting, limit }), align: 'right' },
      {
        head: 'BUSY FOR',
        cell: ({ busyMs }) => (busyMs === null ? null : durationText(busyMs)),
        align: 'right',
      },
      {
        head: 'WITH',
        cell: ({ busyMs, current }) => (busyMs === null ? null : shortened(plainText(current))),
      },
    ],
    shown,
  );
  return shown.length < ranked.length ? `${rows}\nThe others are idle.` : rows;
}

function isIdle({ phase, busyMs, waiting, perSecond }: Ranked): boolean {
  return phase === 'running' && busyMs === null && waiting === 0 && perSecond === 0;
}

/** What an actor handled while it was traced. */
export function traceView(value: unknown): string {
  const { success, data } = traceReport.safeParse(value);
  if (!success) return jsonText(value);
  const entries = data.entries.length === 0 ? 'Nothing was handled.' : traceEntries(data.entries);
  return `${entries}\n${traceEnd(data)}`;
}

/** Entries of a trace. */
export function traceEntries(entries: readonly TraceEntry[]): string {
  return table(
    [
      { head: 'AT', cell: ({ at }) => new Date(at).toISOString() },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'MS', cell: ({ tookMs }) => tookMs?.toFixed(1), align: 'right' },
      { head: 'CONTENT', cell: ({ content }) => plainText(content) },
    ],
    entries,
  );
}

/** Whether a trace goes on, and what it has left out. */
export function traceEnd({ active, dropped }: Pick<TraceReport, 'active' | 'dropped'>): string {
  const state = active ? 'The trace goes on' : 'The trace has ended';
  return dropped === 0 ? `${state}.` : `${state}; ${String(dropped)} more were handled than it records.`;
}

/** A report to show at once: without the entry that is still being handled. */
export function freshEntries(value: unknown): TraceReport {
  const report = traceReport.parse(value);
  const isAtHand = report.active && report.entries.at(-1)?.tookMs === null;
  return isAtHand ? { ...report, entries: report.entries.slice(0, -1) } : report;
}

function branchOf(node: TreeNode): Branch {
  const { id, name, pid, phase, restarts, strategy, children } = node;
  const words = [
    name === null || name === id ? id : `${id} (${name})`,
    pid ?? '',
    strategy ?? '',
    phase === 'running' ? '' : phase,
    restarts === 0 ? '' : `restarted ${String(restarts)}×`,
  ];
  return {
    label: words.filter((word) => word !== '').join('  '),
    ...(children === undefined ? {} : { children: children.map(branchOf) }),
  };
}

function fill(mailbox: { length: number; limit: number | null }): string {
  return mailbox.limit === null
    ? String(mailbox.length)
    : `${String(mailbox.length)}/${String(mailbox.limit)}`;
}

const shownCharacters = 60;

function shortened(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}
