import { useEffect } from 'preact/hooks';
import { Failure } from '../parts/failure.tsx';
import { bytes, count, quantity } from '../parts/numbers.ts';
import { parameter } from '../routes.ts';
import { cluster, clusterError, followTree, happenings, loadCluster, trees } from './cluster-state.ts';
import { DeadLetters } from './dead-letters.tsx';
import { restartsOf } from './happenings.ts';
import { NodeList } from './node-list.tsx';
import { ProcessTree } from './process-tree.tsx';
import { Sparkline } from './sparkline.tsx';
import { perSecond, recentRate, secondsShown } from './throughput.ts';

/** The cluster as it works: what goes through it, its nodes, what runs on them, what has failed. */
export function ClusterView() {
  const state = cluster.value;
  const shown = parameter('node') || state?.nodes.find((node) => node.state === 'alive')?.name;
  useEffect(() => (shown === undefined ? undefined : followTree(shown)), [shown]);
  const tree = shown === undefined ? undefined : trees.value.get(shown);
  return (
    <>
      <h1>Cluster</h1>
      {clusterError.value !== undefined && (
        <Failure error={clusterError.value} retry={() => void loadCluster()} />
      )}
      <Figures restarts={tree === undefined ? undefined : restartsOf(tree)} />
      <div class="columns">
        <div class="stack">
          {state !== undefined && <NodeList state={state} shown={shown} />}
          {shown !== undefined && tree !== undefined && <ProcessTree node={shown} tree={tree} />}
        </div>
        <div class="stack">
          <Happenings />
          <DeadLetters letters={state?.status?.deadLetters} />
        </div>
      </div>
    </>
  );
}

function Figures({ restarts }: { readonly restarts: number | undefined }) {
  const { queue, deadLetters, store } = cluster.value?.status ?? {};
  const rate = recentRate();
  return (
    <dl class="board">
      <div class="wide-figure">
        <dt>Throughput</dt>
        <dd>
          {quantity(rate)} <small>photos/s</small>
          <Sparkline
            values={perSecond.value}
            label={`Photos tagged in each of the last ${String(secondsShown)} seconds`}
          />
        </dd>
      </div>
      <Figure name="Queue" value={queue?.photos} note={queue === undefined ? '' : bytes(queue.bytes)} />
      <Figure name="In flight" value={queue?.inFlight} />
      <Figure name="Tagged photos" value={store?.photos} />
      <Figure name="Restarts" value={restarts} />
      <Figure name="Dead letters" value={deadLetters} />
    </dl>
  );
}

interface FigureOptions {
  readonly name: string;
  readonly value: number | undefined;
  readonly note?: string;
}

function Figure({ name, value, note = '' }: FigureOptions) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? '–' : count(value)} {note !== '' && <small>{note}</small>}
      </dd>
    </div>
  );
}

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

function Happenings() {
  return (
    <section aria-labelledby="happenings" class="card">
      <h2 id="happenings">What has happened</h2>
      {happenings.value.length === 0 && (
        <p class="muted">
          Nothing since this page was opened. Crashes, restarts and nodes that come and go are told here.
        </p>
      )}
      <div role="log" aria-labelledby="happenings">
        <ol class="happenings">
          {happenings.value.map(({ at, text, kind }) => (
            <li key={`${String(at)} ${text}`} class={kind}>
              <time>{time.format(at)}</time> {text}
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}
