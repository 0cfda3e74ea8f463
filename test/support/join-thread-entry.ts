import { workerData } from 'node:worker_threads';
import type { JoinRequest } from '../../src/model/training-set/join-messages.ts';
import { joinInProcess } from '../../src/model/training-set/join-process.ts';

// A thread that asks for joins until it is ended.
for (;;) await joinInProcess(workerData as JoinRequest);
