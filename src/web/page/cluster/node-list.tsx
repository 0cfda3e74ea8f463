import type { ClusterNode, ClusterState } from '../api/types.ts';
import { bytes, count, counted, duration, quantity, when } from '../parts/numbers.ts';
import { linkTo } from '../routes.ts';

interface NodeListOptions {
  readonly state: ClusterState;
  /** Whose tree is shown. */
  readonly shown: string | undefined;
}

/** Nodes of the cluster, those that have left included. */
export function NodeList({ state, shown }: NodeListOptions) {
  return (
    <section aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      <ul class="nodes">
        {state.nodes.map((node) => (
          <NodeCard
            key={node.name}
            node={node}
            isLeader={node.name === state.leader}
            isShown={node.name === shown}
          />
        ))}
      </ul>
    </section>
  );
}

interface NodeCardOptions {
  readonly node: ClusterNode;
  readonly isLeader: boolean;
  readonly isShown: boolean;
}

function NodeCard({ node, isLeader, isShown }: NodeCardOptions) {
  const { name, threads, jobThreads, memory, eventLoopDelay, uptimeMs } = node;
  return (
    <li class="card" data-state={node.state}>
      <h3>
        <a href={linkTo('cluster', { node: name })} aria-current={isShown ? 'true' : undefined}>
          {name}
        </a>{' '}
        {isLeader && <span class="badge">leads</span>} <span class="state">{stateOf(node)}</span>
      </h3>
      {node.state === 'alive' && (
        <p class="figures">
          <span>{counted(threads, 'thread')} for photos</span>
          <span>{count(jobThreads)} for tasks</span>
          {memory !== undefined && <span>{bytes(memory.rss)}</span>}
          {eventLoopDelay !== undefined && <span>event loop {quantity(eventLoopDelay.p99Ms)} ms behind</span>}
          {uptimeMs !== undefined && <span>up {duration(uptimeMs)}</span>}
        </p>
      )}
    </li>
  );
}

function stateOf({ state, departure, uptimeMs }: ClusterNode): string {
  if (state === 'alive') return uptimeMs === undefined ? 'does not answer' : 'alive';
  const { at, why } = departure ?? {};
  return [state, at === undefined ? '' : when(at), why ?? ''].filter((part) => part !== '').join(', ');
}
