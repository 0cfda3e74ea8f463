import type { TopologyStatus } from '../transport/payloads.ts';
import { shortId } from '../transport/bundle.ts';
import type { ReplyOf } from '../transport/requests.ts';
import type { TopologySpec } from '../transport/topology-spec.ts';
import { printable } from './printable.ts';
import { durationText } from './run-views.ts';
import { table } from './table.ts';

type ComponentStatus = TopologyStatus['components'][number];

/** Topologies in Storm's columns, then their components and where those are, then what does not run, or did not for a while. */
export function topologyList(topologies: readonly TopologyStatus[]): string {
  if (topologies.length === 0)
    return 'There are no topologies; `cluster deploy --builtin photos` tags photos.';
  return [topologyTable(topologies), componentTable(topologies), ...failures(topologies)].join('\n\n');
}

/** What an operator has made of a topology, in a sentence. */
export function stateLine({ name, status, version }: ReplyOf<'topologyActivate'>): string {
  const what = {
    active: 'is active',
    inactive: 'is inactive: its spouts take nothing new, what they have is finished',
    killing: 'is being killed',
  };
  return printable(`The topology ${name} ${what[status]} (version ${String(version)}).`);
}

/** What a deploy or a rollback has made of a topology: in a sentence, and what differs from before. */
export function changeLines(deployed: ReplyOf<'topologyDeploy'>, isSettled: boolean): string {
  const { added, removed, changed } = deployed.changes;
  const lines = [
    ...added.map((name) => `  + ${name}`),
    ...removed.map((name) => `  - ${name}`),
    ...changed.map((name) => `  ~ ${name}`),
  ];
  const settled = isSettled ? ['Every node runs it.'] : [];
  const what = lines.length === 0 ? ['Nothing is otherwise than before.'] : lines;
  return [stateLine(deployed), ...what, ...settled].map(printable).join('\n');
}

/** What a deploy would send: the spec, then the files of its bundle. */
export function bundleLines(
  spec: TopologySpec,
  files: readonly { readonly path: string; readonly executable: boolean; readonly bytes: number }[],
): string {
  const text = JSON.stringify(spec, undefined, 2);
  if (spec.bundle === undefined) return `${text}\n\nIt has no bundle: no bolt has a program.`;
  const { id, bytes } = spec.bundle;
  const listed = table(
    [
      { head: 'FILE', cell: ({ path, executable }) => `${path}${executable ? '*' : ''}` },
      { head: 'BYTES', cell: (file) => file.bytes, align: 'right' },
    ],
    files,
  );
  return `${text}\n\nBundle ${id} (${String(bytes)} bytes):\n${listed}`;
}

/** Why a topology does not run as it should, in a sentence. */
export function stuckReason({ components }: TopologyStatus): string {
  const failed = components.flatMap(({ name, failed: tasks }) =>
    tasks.map(({ node, index, message }) => `${name} ${String(index)} does not run on ${node}: ${message}`),
  );
  const [first] = failed;
  if (first !== undefined) return printable(first);
  const slow = components.find(({ tasks, outdated }) => tasks.running < tasks.wanted || outdated > 0);
  if (slow === undefined) return 'not every node knows of it yet.';
  const { running, wanted } = slow.tasks;
  return `of ${slow.name}, ${String(running)} of ${String(wanted)} tasks run.`;
}

/** What becomes of a topology that is killed, in sentences. */
export function killLine({ name, builtin }: ReplyOf<'topologyKill'>, seconds: number): string {
  const again = builtin
    ? `until \`cluster deploy --builtin ${name}\`, also when nodes start again`
    : 'until it is deployed again';
  return printable(
    `The topology ${name} takes nothing new; it ends when what it has is finished, after ${String(seconds)} s at most. It stays gone ${again}.`,
  );
}

function topologyTable(topologies: readonly TopologyStatus[]): string {
  return table(
    [
      { head: 'TOPOLOGY', cell: ({ name }) => name },
      { head: 'STATUS', cell: ({ status }) => status },
      { head: 'VERSION', cell: ({ version }) => version, align: 'right' },
      { head: 'BUNDLE', cell: ({ bundle }) => (bundle === undefined ? '–' : shortId(bundle)) },
      { head: 'TASKS', cell: ({ tasks }) => tasks.wanted, align: 'right' },
      { head: 'NODES', cell: nodesText, align: 'right' },
      { head: 'UPTIME', cell: ({ uptimeMs }) => durationText(uptimeMs / 1000), align: 'right' },
    ],
    topologies,
  );
}

function componentTable(topologies: readonly TopologyStatus[]): string {
  const rows = topologies.flatMap(({ name: topology, components }) =>
    components.map((component) => ({ topology, ...component })),
  );
  return table(
    [
      { head: 'TOPOLOGY', cell: ({ topology }) => topology },
      { head: 'COMPONENT', cell: ({ name, kind }) => `${name} (${kind})` },
      { head: 'TASKS', cell: ({ tasks }) => tasks.wanted, align: 'right' },
      { head: 'RUNNING', cell: runningText, align: 'right' },
      { head: 'WHERE', cell: placesText },
    ],
    rows,
  );
}

function nodesText({ nodes, maxNodes }: TopologyStatus): string {
  return maxNodes === undefined ? String(nodes) : `${String(nodes)} of at most ${String(maxNodes)}`;
}

/** `2`, or `1 + 1 old` while an upgrade is under way, or does not start. */
function runningText({ tasks: { running }, outdated }: ComponentStatus): string {
  return outdated === 0 ? String(running) : `${String(running)} + ${String(outdated)} old`;
}

/** `n1 ×4, n2 ×4, nowhere ×1`. */
function placesText({ nodes, tasks }: ComponentStatus): string {
  const places = nodes.map((place) => `${place.node} ×${String(place.tasks)}`);
  const left = tasks.wanted - tasks.placed;
  return [...places, ...(left > 0 ? [`nowhere ×${String(left)}`] : [])].join(', ') || '–';
}

function failures(topologies: readonly TopologyStatus[]): string[] {
  const lines = topologies.flatMap(({ name: topology, components }) =>
    components.flatMap(({ name, failed, restarted }) => [
      ...failed.map(
        ({ node, index, message }) =>
          `${topology} ${name} ${String(index)} does not run on ${node}: ${message}`,
      ),
      ...restarted.map(
        ({ node, index, restarts, message }) =>
          `${topology} ${name} ${String(index)} was started again on ${node}, ${times(restarts)}, the last time as: ${message}`,
      ),
    ]),
  );
  return lines.length === 0 ? [] : [lines.map(printable).join('\n')];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${String(count)} times`;
}
