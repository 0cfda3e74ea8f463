import type { Clock } from '../src/base/clock.ts';
import type { NodeOptions } from '../src/base/options.ts';
import { setupFiles } from '../src/base/package-root.ts';
import type { ExtractorReference } from '../src/model/model-header.ts';
import type { JobSetup } from '../src/pool/job-messages.ts';
import { WorkerSlot } from '../src/pool/worker-slot.ts';
import type { DecodeLimits } from '../src/vision/decode.ts';
import { Kernel } from '../src/vision/kernel.ts';
import { extractorIdentities } from '../src/vision/extractors.ts';
import { loadParameters } from '../src/vision/parameter-file.ts';

/** The worker threads of a node, not yet started, and the extractors that they have. */
export interface Threads {
  readonly slots: readonly WorkerSlot[];
  readonly extractors: readonly ExtractorReference[];
  /** What job threads are given. */
  readonly jobs: JobSetup;
  /** What photos may be. */
  readonly limits: DecodeLimits;
}

/** What the threads of a node need beside its options. */
export interface ThreadsContext {
  readonly clock: Clock;
  /** See `WorkerSlotOptions.onStuck`. */
  readonly onStuck: () => void;
  /** See `WorkerSlotOptions.entry`. */
  readonly entry?: URL | undefined;
}

/**
 * Compiles the kernel and reads the extractor's parameters, once for all threads.
 * @throws Fault `WEIGHTS_MISSING`, `WEIGHTS_DAMAGED`
 */
export async function prepareThreads(
  count: number,
  options: NodeOptions,
  { clock, onStuck, entry }: ThreadsContext,
): Promise<Threads> {
  const [kernel, parameters] = await Promise.all([Kernel.compile(), loadParameters(setupFiles.lite0)]);
  const extractors = extractorIdentities(parameters);
  const limits = {
    maxBytes: options.maxPhotoBytes,
    maxPixels: options.maxPhotoPixels,
    timeoutMs: options.decodeTimeoutMs,
  };
  const slots = Array.from(
    { length: count },
    () =>
      new WorkerSlot({
        clock,
        setup: { kernel, parameters, limits, thumbnailPx: options.thumbnailPx },
        taskTimeoutMs: options.taskTimeoutMs,
        onStuck,
        entry,
      }),
  );
  return { slots, extractors, jobs: { kernel, parameters }, limits };
}
