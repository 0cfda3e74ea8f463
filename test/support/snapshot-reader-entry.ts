import { parentPort, workerData } from 'node:worker_threads';
import type { FeatureSnapshot } from '../../src/model/feature-store/feature-snapshot.ts';
import { readSnapshot } from './features.ts';

/** A thread that reads a snapshot, and tells what is in it. */
const { content } = await readSnapshot(workerData as FeatureSnapshot);
parentPort?.postMessage(content);
