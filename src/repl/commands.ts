import { printable, jsonText } from '../terminal/printable.ts';
import { table } from '../terminal/table.ts';
import { deadTable, searchTable } from '../terminal/views.ts';
import { request } from '../transport/requests.ts';
import type { Session } from './session.ts';
import { cardView, listView, traceView, treeView } from './views.ts';

/** What a command answers: for programs, and for people. */
export interface Answer {
  readonly value: unknown;
  readonly text: string;
}

/** What follows the name of a command; brackets may be left out. */
export type Usage = '' | '[NODE]' | 'ACTOR [NODE]' | 'QUERY';

interface Argument {
  readonly node: string | undefined;
  /** Only with {@link Usage} `ACTOR [NODE]`, `''` otherwise. */
  readonly actor: string;
  /** The whole line after the name. */
  readonly text: string;
}

/** One command of the REPL. */
export interface ReplCommand {
  readonly name: string;
  readonly usage: Usage;
  readonly help: string;
  readonly run: (session: Session, argument: Argument) => Promise<Answer>;
}

const shownLetters = 100;
const shownPhotos = 20;

/** Looks with a verb of `inspect`. */
const look = (
  name: string,
  usage: Usage,
  help: string,
  view: (value: unknown) => string,
  verb = name,
): ReplCommand => ({
  name,
  usage,
  help,
  run: async (session, { node, actor }) => {
    const value = await session.inspect(verb, node, actor === '' ? undefined : actor);
    return { value, text: view(value) };
  },
});

/** Acts with a verb of `control`. */
const act = (name: string, help: string, done: (actor: string) => string): ReplCommand => ({
  name,
  usage: 'ACTOR [NODE]',
  help,
  run: async (session, { node, actor }) => ({
    value: await session.control(name, node, actor),
    text: done(printable(actor)),
  }),
});

const local = (name: string, help: string, text: () => string): ReplCommand => ({
  name,
  usage: '',
  help,
  run: () => Promise.resolve({ value: {}, text: text() }),
});

/** Every command, in the order of the help. */
export const replCommands: readonly ReplCommand[] = [
  { name: 'nodes', usage: '', help: 'nodes that answer', run: nodes },
  look('status', '[NODE]', 'a node at a glance', cardView, 'node'),
  look('tree', '[NODE]', 'the supervision tree', treeView),
  look('list', '[NODE]', 'every actor, with its mailbox', listView),
  look('state', 'ACTOR [NODE]', "an actor's state, by name or pid", jsonText),
  act('kill', 'ends an actor at once; its supervisor decides what follows', (actor) => `Killed ${actor}.`),
  act('suspend', 'lets an actor take no more messages', (actor) => `Suspended ${actor}; resume it soon.`),
  act('resume', 'lets it go on', (actor) => `Resumed ${actor}.`),
  act('trace', 'records what an actor handles, for a minute', (actor) => `Tracing; see traced ${actor}.`),
  look('traced', 'ACTOR [NODE]', 'what was recorded', traceView),
  { name: 'dead', usage: '', help: 'photos that were given up', run: dead },
  { name: 'search', usage: 'QUERY', help: 'photos by their tags: beach -people score>0.8', run: search },
  local('help', 'this list', helpText),
  local('exit', 'ends; so does Ctrl-D', () => ''),
];

async function nodes(session: Session): Promise<Answer> {
  const value = await session.nodes();
  const text = value.map(({ node, value: about }) => `${printable(node)}\n${indent(cardView(about))}`);
  return { value, text: text.join('\n') };
}

async function dead({ connection }: Session): Promise<Answer> {
  const value = await request(connection, 'deadList', {}, { limit: shownLetters });
  return { value, text: deadTable(value.letters) };
}

async function search({ connection }: Session, { text }: Argument): Promise<Answer> {
  const value = await request(connection, 'search', {}, { query: text, limit: shownPhotos });
  return { value, text: searchTable(value) };
}

function helpText(): string {
  return table(
    [
      { head: 'COMMAND', cell: ({ name, usage }) => `${name} ${usage}`.trim() },
      { head: 'SHOWS OR DOES', cell: ({ help }) => help },
    ],
    replCommands,
  );
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
