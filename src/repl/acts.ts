import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { printable } from '../terminal/printable.ts';
import { freshEntries, traceEntries, traceEnd } from './actor-views.ts';
import { command, type Answer, type LiveForm, type ReplCommand } from './command.ts';
import type { Session } from './session.ts';
import { durationText } from './duration.ts';
import { onActor, onActorFor, type OnActor } from './usage.ts';

/** Acts with a verb of `control` on one actor. */
const act = (
  name: string,
  help: string,
  done: (actor: string, value: unknown) => string,
  live?: LiveForm<OnActor>,
): ReplCommand =>
  command(
    name,
    onActor,
    help,
    async (session, { actor, node }) => {
      const value = await session.act(name, node, actor);
      return { value, text: done(printable(actor), value) };
    },
    live,
  );

/** Commands that act on an actor: the operator's alone, and on record. */
export const acts: readonly ReplCommand[] = [
  act('kill', 'ends an actor at once; its supervisor decides what follows', (actor) => `Killed ${actor}.`),
  act('restart', 'has its supervisor end it in order and start it again', restarted),
  command(
    'suspend',
    onActorFor,
    'lets an actor take no more messages, for 60 s unless said otherwise',
    async (session, { actor, node, forMs }) => {
      const value = await session.act('suspend', node, actor, forMs === undefined ? {} : { forMs });
      return { value, text: suspended(printable(actor), value) };
    },
  ),
  act('resume', 'lets it go on', (actor) => `Resumed ${actor}.`),
  act(
    'trace',
    'records what an actor handles, for a minute and up to 50 a second',
    (actor) => `Tracing; see traced ${actor}.`,
    { refreshes: false, answers: follow, left: 'The trace goes on until its minute is over; see traced.' },
  ),
];

const suspension = z.object({ suspendedForMs: z.number() });

function suspended(actor: string, value: unknown): string {
  const { data } = suspension.safeParse(value);
  // A node of an earlier version.
  if (data === undefined) return `Suspended ${actor}; resume it soon.`;
  return `Suspended ${actor} for ${durationText(data.suspendedForMs)}; resume lets it go on before.`;
}

const restart = z.object({ restarted: z.boolean() });

function restarted(actor: string, value: unknown): string {
  return restart.safeParse(value).data?.restarted === false
    ? `${actor} is being restarted; see tree.`
    : `Restarted ${actor}.`;
}

/** Entries of a trace are fetched so often, ms. */
const followMs = 300;

/** Traces, and shows each entry once it is handled, until the trace ends. */
async function* follow(session: Session, { actor, node }: OnActor): AsyncGenerator<Answer> {
  const on = node ?? (await session.nodeOf(actor));
  await session.act('trace', on, actor);
  for (let after = 0; ;) {
    const value = await session.inspect('traced', on, { actor, after });
    const fresh = freshEntries(value);
    after = fresh.entries.at(-1)?.number ?? after;
    if (fresh.entries.length > 0) yield { value: fresh.entries, text: traceEntries(fresh.entries) };
    if (!fresh.active) {
      yield { value, text: traceEnd(fresh) };
      return;
    }
    await sleep(followMs);
  }
}
