import { z } from 'zod';
import { jsonText, printable } from '../terminal/printable.ts';
import { pairs, table } from '../terminal/table.ts';
import { tree, type Branch } from '../terminal/tree.ts';
import { plainText, timeText } from '../terminal/views.ts';

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

const traceReport = z.object({
  active: z.boolean(),
  entries: z.array(
    z.object({ at: z.number(), kind: z.string(), content: z.unknown(), tookMs: z.number().nullable() }),
  ),
});

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
      { head: 'MAILBOX', cell: ({ mailbox }) => fill(mailbox), align: 'right' },
      { head: 'HANDLED', cell: ({ mailbox }) => mailbox?.handled, align: 'right' },
      { head: 'RESTARTS', cell: ({ restarts }) => restarts, align: 'right' },
      { head: 'STARTED', cell: ({ startedAt }) => timeText(startedAt) },
    ],
    data,
  );
}

/** What an actor handled while it was traced. */
export function traceView(value: unknown): string {
  const { success, data } = traceReport.safeParse(value);
  if (!success) return jsonText(value);
  const state = data.active ? 'The trace goes on.' : 'The trace has ended.';
  if (data.entries.length === 0) return `Nothing was handled. ${state}`;
  const entries = table(
    [
      { head: 'AT', cell: ({ at }) => new Date(at).toISOString() },
      { head: 'KIND', cell: ({ kind }) => kind },
      { head: 'MS', cell: ({ tookMs }) => tookMs?.toFixed(1), align: 'right' },
      { head: 'CONTENT', cell: ({ content }) => plainText(content) },
    ],
    data.entries,
  );
  return `${entries}\n${state}`;
}

/** A flat object, one property a line; anything else as JSON. */
export function cardView(value: unknown): string {
  const { success, data } = z.record(z.string(), z.unknown()).safeParse(value);
  if (!success || Object.keys(data).length === 0) return jsonText(value);
  return pairs(Object.entries(data).map(([name, entry]) => [printable(name), plainText(entry)] as const));
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

function fill(mailbox: { length: number; limit: number | null } | null): string | undefined {
  if (mailbox === null) return undefined;
  return mailbox.limit === null
    ? String(mailbox.length)
    : `${String(mailbox.length)}/${String(mailbox.limit)}`;
}
