import { membersTable } from '../terminal/member-views.ts';
import type { MembersReply } from '../transport/members.ts';
import { jsonText } from '../terminal/printable.ts';
import { activityView, listView, mailboxView, topOf, traceView, treeView } from './actor-views.ts';
import { command, type Answer, type ReplCommand } from './command.ts';
import { answerOf, troubles, underNames } from './findings.ts';
import { auditView, configView, logsView, nodeView, queueView } from './node-views.ts';
import { silentOf, type Finding, type Session } from './session.ts';
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
  command(
    'nodes',
    alone,
    'the nodes, with memory and event-loop delay, and who has left within a day',
    nodes,
  ),
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
  const known = ofLately(await session.members(answering));
  // Who has not answered at once may be overloaded.
  const findings = [...answering, ...(await session.askAgain(silentOf(known, answering)))];
  const cards = underNames(findings, nodeView);
  if (known === undefined || known.members.length === 0) return { value: answering, text: cards };
  return { value: nodesOf(known, findings), text: `${membersTable(known)}\n${cards}` };
}

const dayMs = 86_400_000;

/** Without the nodes that have left more than a day ago, by whichever clock: most of them have another name by now. */
function ofLately(known: MembersReply | undefined): MembersReply | undefined {
  if (known === undefined) return undefined;
  const members = known.members.filter(
    ({ state, departure }) => state === 'alive' || Date.now() - (departure?.at ?? 0) < dayMs,
  );
  return { ...known, members };
}

/** Every member, with what it says of itself, or why it does not; then whoever answers and is none. */
function nodesOf({ leader, members }: MembersReply, findings: readonly Finding[]) {
  const known = members.map(({ name: node, ...member }) => {
    return {
      ...{ node, leads: node === leader?.node, ...member },
      ...findings.find((one) => one.node === node),
    };
  });
  const others = findings.filter(({ node }) => !members.some(({ name }) => name === node));
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
  const [{ node } = { node: '' }] = await session.nodes();
  const value = await session.inspect('queue', node);
  return { value, text: queueView(value) };
}
