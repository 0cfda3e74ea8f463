// A job thread of the product whose tasks heed planned kills.
import { jobHandler } from '../../src/pool/job-handler.ts';
import { taskHandlers } from '../../src/train/tasks/index.ts';
import { deadly } from './training-kills.ts';

/** The job thread's handler, called by the pool. */
export default jobHandler(deadly(taskHandlers));
