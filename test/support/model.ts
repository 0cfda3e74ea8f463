import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockContents, ModelContents } from '../../src/model/model-writer.ts';
import type { ScoreFunction } from '../../src/vision/scores.ts';

/** A block of made-up numbers, each different from its neighbours. */
export function blockContents(
  classes: readonly string[],
  dims: number,
  score: ScoreFunction = 'softmax',
  name = 'block',
): BlockContents {
  const wave = (length: number, phase: number) =>
    Float32Array.from({ length }, (_, index) => Math.sin(index + phase));
  return {
    name,
    extractor: { id: 'lite0', version: 1, dims, parametersHash: 'ab'.repeat(32) },
    score,
    classes: [...classes],
    w: wave(classes.length * dims, 1),
    b: wave(classes.length, 2),
    calibration: wave(score === 'platt' ? 2 * classes.length : 0, 3),
    thresholds: wave(classes.length, 4),
  };
}

/** A model of these blocks. */
export function modelContents(...blocks: readonly BlockContents[]): ModelContents {
  return {
    created: '2026-01-02T03:04:05Z',
    provenance: {
      description: 'made up for a test',
      sources: [{ name: 'nothing', sha256: 'cd'.repeat(32) }],
    },
    blocks,
  };
}

/** A model file with its checksum put right again after a change. */
export function resealed(bytes: Uint8Array): Buffer {
  const content = Buffer.from(bytes.subarray(0, bytes.length - 32));
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

/** A folder of a test's own. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'autotag-model-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
