import type { TopologyStatus } from '../transport/payloads.ts';
import type { ReplyOf } from '../transport/requests.ts';
import { printable } from './printable.ts';
import { durationText } from './run-views.ts';
import { table } from './table.ts';

type ComponentStatus = TopologyStatus['components'][number];

/** Topologies in Storm's columns, then their components and where those are, then what does not start. */
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
      { head: 'RUNNING', cell: ({ tasks }) => tasks.running, align: 'right' },
      { head: 'WHERE', cell: placesText },
    ],
    rows,
  );
}

function nodesText({ nodes, maxNodes }: TopologyStatus): string {
  return maxNodes === undefined ? String(nodes) : `${String(nodes)} of at most ${String(maxNodes)}`;
}

/** `n1 ×4, n2 ×4, nowhere ×1`. */
function placesText({ nodes, tasks }: ComponentStatus): string {
  const places = nodes.map((place) => `${place.node} ×${String(place.tasks)}`);
  const left = tasks.wanted - tasks.placed;
  return [...places, ...(left > 0 ? [`nowhere ×${String(left)}`] : [])].join(', ') || '–';
}

function failures(topologies: readonly TopologyStatus[]): string[] {
  const lines = topologies.flatMap(({ name: topology, components }) =>
    components.flatMap(({ name, failed }) =>
      failed.map(({ node, index, message }) =>
        printable(`${topology} ${name} ${String(index)} does not start on ${node}: ${message}`),
      ),
    ),
  );
  return lines.length === 0 ? [] : [lines.join('\n')];
}
