import { taskHandlers } from '../train/tasks/index.ts';
import { jobHandler } from './job-handler.ts';

/** The job thread's handler, called by the pool. */
export default jobHandler(taskHandlers);
