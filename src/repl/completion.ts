import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { request } from '../transport/requests.ts';
import { replCommands } from './commands.ts';
import type { Session } from './session.ts';
import type { Slot } from './usage.ts';

const named = z.array(z.object({ name: z.string().nullable() }));

/** What a line can be completed to: commands, then names of what they take. As readline wants it. */
export async function complete(session: Session, line: string): Promise<[string[], string]> {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? '';
  const candidates = await candidatesFor(session, words).catch(() => []);
  return [candidates.filter((candidate) => candidate.startsWith(last)).sort(), last];
}

async function candidatesFor(session: Session, words: readonly string[]): Promise<readonly string[]> {
  const place = words.length - 1;
  const before = words.slice(0, place).join(' ');
  const following = replCommands
    .map(({ name }) => name.split(' '))
    .filter((name) => name.length > place && name.slice(0, place).join(' ') === before);
  if (following.length > 0) return [...new Set(following.map((name) => `${name[place] ?? ''} `))];
  const command = replCommands.find(({ name }) => `${before} `.startsWith(`${name} `));
  if (command === undefined) return [];
  const { slots } = command.usage;
  const slot = slots[place - command.name.split(' ').length] ?? slots.at(-1);
  return slot === undefined ? [] : await namesOf(slot, session, words.at(-1) ?? '');
}

async function namesOf(slot: Slot, session: Session, begun: string): Promise<readonly string[]> {
  switch (slot) {
    case 'node':
      return await session.nodeNames();
    case 'actor':
      return (await session.look('list', undefined)).flatMap((finding) => {
        const { success, data } = named.safeParse('value' in finding ? finding.value : undefined);
        return success ? data.flatMap(({ name }) => name ?? []) : [];
      });
    case 'model':
      return (await request(session.connection, 'modelList', {}, {})).models.map(({ id }) => id);
    case 'file':
      return await filesFrom(begun);
    case 'other':
      return [];
  }
}

/** Files and folders whose path begins so. */
async function filesFrom(begun: string): Promise<readonly string[]> {
  const folder = begun.endsWith('/') ? begun : dirname(begun);
  const entries = await readdir(folder, { withFileTypes: true });
  const prefix = begun.includes('/') ? folder : '';
  return entries.map((entry) => `${join(prefix, basename(entry.name))}${entry.isDirectory() ? '/' : ''}`);
}
