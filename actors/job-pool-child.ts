import { withResolver } from '../src/base/promise-resolver.ts';
import type { JobPool } from '../src/pool/job-pool.ts';
import type { StartExternal } from '../src/runtime/index.ts';

/** The job threads of a node as a child. */
export function jobPoolChild(pool: JobPool): StartExternal {
  return () => {
    const { promise: exited, resolve: end } = withResolver<'normal'>();
    pool.start();
    const stop = () => {
      pool.stop();
      end('normal');
    };
    return { exited, stop, kill: stop, describe: () => pool.describe() };
  };
}
