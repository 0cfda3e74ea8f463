import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/base/package-root.ts';
import { encodeName } from '../../../src/base/ids.ts';
import {
  roles,
  subjectOf,
  subjects,
  subjectTable,
  wildcardOf,
  type SubjectName,
} from '../../../src/transport/subjects.ts';

const names = Object.keys(subjects) as SubjectName[];

/** What `nats.conf` allows a role to publish or subscribe to. */
function allowed(role: string, direction: 'publish' | 'subscribe'): string[] {
  const text = readFileSync(join(packageRoot, 'nats.conf'), 'utf8');
  const block = new RegExp(
    `^${role}_may: \\{[\\s\\S]*?^  ${direction}: \\{\\s*allow: \\[([\\s\\S]*?)\\]`,
    'm',
  ).exec(text);
  return Array.from(block?.[1]?.matchAll(/"([^"]+)"/g) ?? [], ([, subject]) => subject!);
}

/** Whether a NATS pattern with wildcards covers a subject, itself with wildcards. */
function covers(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split('.'), subject.split('.')];
  const tail = wanted.at(-1) === '>';
  const head = tail ? wanted.slice(0, -1) : wanted;
  if (tail ? given.length < wanted.length : given.length !== wanted.length) return false;
  return head.every((token, place) => token === '*' || token === given[place]);
}

describe('the subject table', () => {
  test.each(roles)('is what nats.conf grants to a %s, no less and no more', (role) => {
    for (const name of names) {
      for (const direction of ['publish', 'subscribe'] as const) {
        const listed: readonly string[] = subjects[name][direction];
        const granted = allowed(role, direction).some((pattern) => covers(pattern, wildcardOf(name)));
        // A node hears results that it sent itself as anybody may; the rest is equal.
        expect({ name, direction, role, granted }).toEqual({
          name,
          direction,
          role,
          granted: listed.includes(role),
        });
      }
    }
  });

  test('is what the account of submitters is given, which has no streams', () => {
    const text = readFileSync(join(packageRoot, 'nats.conf'), 'utf8');
    const given = (pattern: RegExp) => Array.from(text.matchAll(pattern), ([, subject]) => subject!).sort();
    const of = (direction: 'publish' | 'subscribe') =>
      names
        .filter((name) => (subjects[name][direction] as readonly string[]).includes('submitter'))
        .map(wildcardOf)
        .sort();
    expect(given(/\{ service: "([^"]+)", accounts: \[SUBMITTERS\] \}/g)).toEqual(of('publish'));
    expect(given(/\{ service: \{ account: AUTOTAG, subject: "([^"]+)" \} \}/g)).toEqual(of('publish'));
    expect(given(/\{ stream: "([^"]+)", accounts: \[SUBMITTERS\] \}/g)).toEqual(of('subscribe'));
    expect(given(/\{ stream: \{ account: AUTOTAG, subject: "([^"]+)" \} \}/g)).toEqual(of('subscribe'));
  });

  test('versions every subject, and uses none twice', () => {
    const wildcards = names.map(wildcardOf);
    expect(wildcards.every((subject) => subject.startsWith('autotag.v1.'))).toBe(true);
    expect(new Set(wildcards).size).toBe(wildcards.length);
  });

  test('has one Markdown row a subject', () => {
    const lines = subjectTable().split('\n');
    expect(lines).toHaveLength(names.length + 2);
    expect(lines.every((line) => line.split('|').length === 7)).toBe(true);
  });
});

describe('subjectOf', () => {
  test('fills tokens in and refuses what would be more than a token', () => {
    expect(subjectOf('control', { node: 'n1', verb: 'kill' })).toBe('autotag.v1.control.n1.kill');
    for (const node of ['', 'a.b', '*', '>', 'a b', 'ü'])
      expect(() => subjectOf('inspect', { node, verb: 'tree' })).toThrow(/cannot be the node/);
  });

  test('takes the longest photo id, encoded', () => {
    expect(subjectOf('buried', { photo: encodeName('é'.repeat(128)) })).toContain('autotag.v1.buried.');
  });
});
