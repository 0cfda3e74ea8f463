import { printable } from '../terminal/printable.ts';
import type { Answer } from './command.ts';
import type { Finding } from './session.ts';

/** What nodes said: of one node its value alone, of several each under its name. */
export function answerOf(findings: readonly Finding[], view: (value: unknown) => string): Answer {
  const [only] = findings;
  if (only !== undefined && findings.length === 1 && 'value' in only)
    return { value: only.value, text: view(only.value) };
  return { value: findings, text: underNames(findings, view) };
}

/** What each node said, under its name. */
export function underNames(findings: readonly Finding[], view: (value: unknown) => string): string {
  const said = (finding: Finding) =>
    'value' in finding ? view(finding.value) : printable(finding.error.message);
  return findings.map((finding) => `${printable(finding.node)}\n${indent(said(finding))}`).join('\n');
}

/** Why nodes said nothing, a sentence each. */
export function troubles(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap((finding) => ('error' in finding ? [printable(finding.error.message)] : []));
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
