import { membersTable, type MembersReply } from '../terminal/member-views.ts';
import { jsonText } from '../terminal/printable.ts';
import type { ReplyOf } from '../transport/requests.ts';
import { activityView, listView, mailboxView, topOf, traceView, treeView } from './actor-views.ts';
import { command, type Answer, type ReplCommand } from './command.ts';
import { answerOf, troubles, underNames } from './findings.ts';
import { auditView, configView, logsView, nodeView, queueView } from './node-views.ts';
import type { Session } from './session.ts';
import { alone, onActor, onAnything, onNode } from './usage.ts';

/** Looks at a node, or at all. */
const atNode = (name: string, help: string, view: (value: unknown) => string, verb = name): ReplCommand =>
  command(name, onNode, help, async (session, { node }) => answerOf(await session.look(verb, node), view));

/** Looks at an actor, wherever there is one of this name. */
const atActor = (name: string, help: string, view: (value: unknown) => string): ReplCommand =>
  command(name, onActor, help, async (session, { actor, node }) =>
    answerOf(await session.look(name, node, { actor }), view),
  );

/** Commands that look and change nothing, in the order of the help. */
export const looks: readonly ReplCommand[] = [
  command('nodes', alone, 'the nodes of the cluster, with memory and event-loop delay', nodes),
  atNode('status', 'a node at a glance', nodeView, 'node'),
  atNode('tree', 'the supervision tree', treeView),
  atNode('list', 'every actor, with its mailbox', listView),
  command('top', onNode, 'actors that are stuck, loaded or busy, worst first', top, {
    refreshes: true,
    answers: refreshTop,
  }),
  atActor('state', "an actor's state, by name or pid", jsonText),
  atActor('mailbox', 'what waits for an actor, and what it is busy with', mailboxView),
  atActor('traced', 'what a trace has recorded', traceView),
  command('logs', onAnything, 'the last log lines, of a node or one actor', logs),
  atNode('config', 'the options of a node', configView),
  command('queue', alone, 'photos, tasks and dead letters: pending, in flight, oldest', queue),
  atNode('audit', 'who has done what to a node', auditView),
];

async function nodes(session: Session): Promise<Answer> {
  const answering = await session.nodes();
  const cards = underNames(answering, nodeView);
  const known = await session.members(answering);
  if (known === undefined || known.members.length === 0) return { value: answering, text: cards };
  return { value: nodesOf(known, answering), text: `${membersTable(known)}\n${cards}` };
}

/** Every member, with what it says of itself if it answers; then whoever answers and is none. */
function nodesOf({ leader, members }: MembersReply, answering: readonly ReplyOf<'nodes'>[]) {
  const known = members.map(({ name: node, ...member }) => {
    const value = answering.find((one) => one.node === node)?.value;
    return { node, leads: node === leader?.node, ...member, ...(value === undefined ? {} : { value }) };
  });
  const others = answering.filter(({ node }) => !members.some(({ name }) => name === node));
  return [...known, ...others];
}

/** One ranking over all nodes. */
async function top(session: Session, { node }: { node: string | undefined }): Promise<Answer> {
  const findings = await session.look('top', node);
  const ranked = topOf(findings);
  return { value: ranked, text: [activityView(ranked), ...troubles(findings)].join('\n') };
}

async function* refreshTop(session: Session, argument: { node: string | undefined }): AsyncGenerator<Answer> {
  for (;;) yield await top(session, argument);
}

async function logs(
  session: Session,
  { word, node }: { word: string | undefined; node: string | undefined },
): Promise<Answer> {
  const isNode = word !== undefined && node === undefined && (await session.nodeNames()).includes(word);
  const on = isNode ? word : node;
  return answerOf(
    await session.look('logs', on, isNode || word === undefined ? {} : { actor: word }),
    logsView,
  );
}

/** Every node knows of the same streams. */
async function queue(session: Session): Promise<Answer> {
  const [node = ''] = await session.nodeNames();
  const value = await session.inspect('queue', node);
  return { value, text: queueView(value) };
}
