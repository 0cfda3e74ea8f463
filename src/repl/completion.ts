import { z } from 'zod';
import { replCommands } from './commands.ts';
import type { Session } from './session.ts';

const named = z.array(z.object({ name: z.string().nullable() }));

/** What a line can be completed to: commands, then names of actors or nodes. As readline wants it. */
export async function complete(session: Session, line: string): Promise<[string[], string]> {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? '';
  const candidates = await candidatesFor(session, words).catch(() => []);
  return [candidates.filter((candidate) => candidate.startsWith(last)).sort(), last];
}

async function candidatesFor(session: Session, words: readonly string[]): Promise<readonly string[]> {
  if (words.length <= 1) return replCommands.map(({ name }) => `${name} `);
  const usage = replCommands.find(({ name }) => name === words[0])?.usage;
  const isActor = usage === 'ACTOR [NODE]' && words.length === 2;
  const isNode =
    (usage === '[NODE]' && words.length === 2) || (usage === 'ACTOR [NODE]' && words.length === 3);
  if (!isActor && !isNode) return [];
  const nodes = (await session.nodes()).map(({ node }) => node);
  return isNode ? nodes : (await Promise.all(nodes.map((node) => actorsOf(session, node)))).flat();
}

async function actorsOf(session: Session, node: string): Promise<string[]> {
  const { success, data } = named.safeParse(await session.inspect('list', node));
  return success ? data.flatMap(({ name }) => name ?? []) : [];
}
