import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { actor } from '../../runtime/index.ts';
import type { ChildStart } from '../../runtime/index.ts';
import type { BundleFolder } from '../bundle-folder.ts';
import { boltName } from '../bolt/bolt-message.ts';
import { boltTask } from '../bolt/bolt-task.ts';
import { tuplesOfOthers } from '../bolt/remote-bolt.ts';
import type { ComponentFactory, Task, TaskProgram } from './component-factory.ts';

/** What the tasks of users' bolts work with on a node. */
export interface ProgramComponentsOptions {
  readonly bundles: BundleFolder;
  /** Makes the components that every node knows. */
  readonly builtin: ComponentFactory;
  readonly log: Log;
}

/** For the tuple at hand, and then for the process to end, ms. */
const shutdownMs = 5_000;

/** Makes users' bolts run on a node, beside the components that it knows. */
export function programComponents({ bundles, builtin, log }: ProgramComponentsOptions): ComponentFactory {
  return {
    child: (task) =>
      task.runs === undefined
        ? builtin.child(task)
        : { start: startBolt(task, task.runs, bundles), shutdown: shutdownMs },
    pause: (task) => builtin.pause(task),
    follow: (desired) => {
      builtin.follow(desired);
    },
    retain: (ids) => {
      bundles.retain(ids).catch((thrown: unknown) => {
        log.warn({ fault: Fault.from(thrown).toWire() }, 'old bundles were not removed');
      });
    },
  };
}

/** The bundle is compared with what was deployed at each start, also after a crash. */
function startBolt(task: Task, { program, bundle }: TaskProgram, bundles: BundleFolder): ChildStart {
  const { topology, component, index } = task;
  return {
    type: 'worker',
    start: async (host, placement) => {
      if (bundle === undefined) throw new Fault('NOT_FOUND', { what: 'bundle of', id: topology });
      const folder = await bundles.ready(bundle.id);
      const place = { program, folder, topology, component, index };
      const name = boltName(topology, component, index);
      const options = { name, takesOver: true, remote: tuplesOfOthers };
      return await actor(boltTask, place, options).start(host, placement);
    },
  };
}
