import type { WorkerSlot } from '../src/pool/worker-slot.ts';
import { ActorName, external } from '../src/runtime/index.ts';
import type { ChildSpec, SupervisorSpec } from '../src/runtime/index.ts';

/** The worker threads of a node: each is replaced when it ends, whatever ended it. */
export function workerThreads(slots: readonly WorkerSlot[]): SupervisorSpec {
  return {
    // Photos that end their thread are dead letters after a few attempts; a node whose threads cannot start gives up.
    intensity: { maxRestarts: 20 * slots.length, windowMs: 10_000 },
    children: slots.map(threadChild),
  };
}

function threadChild(slot: WorkerSlot, index: number): ChildSpec {
  const name = new ActorName<never>(`thread-${String(index)}`);
  const start = external(
    async () => {
      const { exited } = await slot.start();
      let told = false;
      return {
        exited: exited.then((fault) => (told ? 'normal' : fault)),
        stop: () => {
          told = true;
          slot.kill('the node stops');
        },
        kill: () => {
          slot.kill();
        },
        describe: () => slot.describe(),
      };
    },
    { name },
  );
  return { id: name.name, start, shutdown: 2_000 };
}
