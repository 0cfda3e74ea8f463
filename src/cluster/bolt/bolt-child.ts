import { actor, supervisor, type ActorOptions, type ChildStart } from '../../runtime/index.ts';
import { boltName, type BoltMessage } from './bolt-message.ts';
import type { BoltPlace } from './bolt-process.ts';
import { boltTask } from './bolt-task.ts';

/** Pauses between the starts of a process that always ends. */
const backoff = { initialMs: 100, maxMs: 10_000 };
/** With that backoff one task does not get there. */
const intensity = { maxRestarts: 10, windowMs: 30_000 };
/** For the tuple at hand, and then for the process to end. */
const shutdownMs = 5_000;

/**
 * A task of a user's bolt as a child, below a supervisor of its own: however often its process ends, nothing else of the
 * topology is started again.
 */
export function boltChild(
  place: BoltPlace,
  options: Omit<ActorOptions<BoltMessage>, 'name'> = {},
): ChildStart {
  const { topology, component, index } = place;
  const name = boltName(topology, component, index);
  const child = {
    id: name.name,
    start: actor(boltTask, place, { ...options, name }),
    backoff,
    shutdown: shutdownMs,
  };
  return supervisor({ intensity, children: [child] });
}
