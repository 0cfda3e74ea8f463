import { killProcess } from '../api/cluster.ts';
import { session } from '../api/session.ts';
import type { TreeNode } from '../api/types.ts';
import { confirmed } from '../parts/confirm.tsx';
import { attempt, notify } from '../parts/notices.tsx';

interface ProcessTreeOptions {
  readonly node: string;
  readonly tree: TreeNode;
}

/** What runs on a node, below whom: whatever crashes is started again by the one above. */
export function ProcessTree({ node, tree }: ProcessTreeOptions) {
  return (
    <section aria-labelledby="tree" class="card">
      <h2 id="tree">Supervision tree of {node}</h2>
      <ul class="tree">
        <Process node={node} process={tree} depth={0} />
      </ul>
    </section>
  );
}

/** Deeper supervisors are folded at first. */
const openDepth = 2;

interface ProcessOptions {
  readonly node: string;
  readonly process: TreeNode;
  readonly depth: number;
}

function Process({ node, process, depth }: ProcessOptions) {
  const { children } = process;
  if (children === undefined || children.length === 0)
    return (
      <li>
        <ProcessLine node={node} process={process} />
      </li>
    );
  return (
    <li>
      <details open={depth < openDepth}>
        <summary>
          <ProcessLine node={node} process={process} />
        </summary>
        <ul>
          {children.map((child) => (
            <Process key={child.id} node={node} process={child} depth={depth + 1} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function ProcessLine({ node, process }: Omit<ProcessOptions, 'depth'>) {
  const { id, pid, phase, restarts, strategy, type } = process;
  const mayKill = type === 'worker' && pid !== null && session.value?.role === 'operator';
  return (
    <span class="process" data-phase={phase}>
      <span class="dot" aria-hidden="true" />
      <span class="id">{id}</span>
      {strategy !== undefined && <span class="muted">{strategy}</span>}
      {phase !== 'running' && <span class="phase">{phase}</span>}
      {restarts > 0 && (
        // A new element for each restart, so that it lights up.
        <span key={restarts} class="badge fresh">
          {restarts} {restarts === 1 ? 'restart' : 'restarts'}
        </span>
      )}
      {mayKill && (
        <button type="button" class="quiet kill" onClick={() => void kill(node, process)}>
          Kill<span class="unseen"> {id}</span>
        </button>
      )}
    </span>
  );
}

async function kill(node: string, { id, pid }: TreeNode): Promise<void> {
  if (pid === null) return;
  const isSure = await confirmed({
    title: `Kill ${id}?`,
    text: `It ends as in a crash, and its supervisor on ${node} starts it again. Photos that it had are delivered again; none is lost.`,
    act: 'Kill it',
  });
  if (!isSure) return;
  await attempt(async () => {
    await killProcess(node, pid);
    notify(`${id} was killed.`);
  });
}
