import { Fault } from '../../base/errors.ts';
import { BlobStore } from '../blob-store.ts';
import { SnapshotReader } from '../feature-store/snapshot-reader.ts';
import type { JoinReply, JoinRequest } from './join-messages.ts';
import { type JoinedTrainingSet, joinTrainingSet } from './join-training-set.ts';

// One join, asked for by the first message; whoever asked is gone when the channel closes, and so is the process.
process.on('disconnect', () => process.exit(1));
// Ctrl-C is for the node, which drains.
process.on('SIGINT', () => undefined);
process.once('message', (request: JoinRequest) => {
  void answer(request);
});

/** Progress is told every so many ms. */
const progressMs = 250;

async function answer(request: JoinRequest): Promise<void> {
  let reply: JoinReply;
  try {
    reply = { kind: 'done', joined: await carryOut(request) };
  } catch (error) {
    reply = { kind: 'fault', fault: Fault.from(error).toWire() };
  }
  process.send?.(reply, () => process.exit(0));
}

async function carryOut({ snapshot, blobs, ...request }: JoinRequest): Promise<JoinedTrainingSet> {
  const features = await SnapshotReader.open(snapshot);
  let toldAt = 0;
  try {
    return await joinTrainingSet({
      ...request,
      features,
      extractor: snapshot.extractor,
      blobs: new BlobStore(blobs),
      onProgress: (progress) => {
        if (performance.now() - toldAt < progressMs) return;
        toldAt = performance.now();
        process.send?.({ kind: 'progress', progress } satisfies JoinReply);
      },
    });
  } finally {
    await features.close();
  }
}
