import type { ExtractorReference } from './model-header.ts';
import type { ModelContents } from './model-writer.ts';

/**
 * Score from which on a photo gets a tag of the starter model. A softmax over 1,000 classes is 0.001 on average, so 0.1 is a hundred times
 * chance; at most ten classes can reach it, and a photo of two things, whose score they share, still gets both. On 140 ImageNet photos
 * of one named thing each, that thing is a tag of 94 %, with 1.4 tags a photo; from 0.2 on it is 89 %, with 1.05.
 */
export const starterThreshold = 0.1;

/** What the starter model is made of. */
export interface StarterParts {
  readonly extractor: ExtractorReference;
  /** The network's own classifier: w `[classes × dims]`, b `[classes]`, with z = w·x − b. */
  readonly head: { readonly w: Float32Array; readonly b: Float32Array };
  /** Class names in the head's order. */
  readonly classes: readonly string[];
  /** Files that it was made from. */
  readonly sources: readonly { readonly name: string; readonly sha256: string }[];
}

/**
 * The model that a fresh cluster starts with: the trunk's own classifier head, which is a matrix of 1,000 linear classifiers.
 * Its scores are a softmax, with one threshold for all. The same parts give the same model, byte for byte, everywhere.
 */
export function starterModel({ extractor, head, classes, sources }: StarterParts): ModelContents {
  return {
    // The weights' own date: a date of today would give each machine a model of its own.
    created: '2020-06-20T00:00:00Z',
    provenance: {
      description: "EfficientNet-Lite0's own head, trained on ImageNet-1k; softmax scores",
      sources: [...sources],
    },
    blocks: [
      {
        name: 'imagenet-1k',
        extractor,
        score: 'softmax',
        classes: [...classes],
        w: head.w,
        b: head.b,
        calibration: new Float32Array(),
        thresholds: new Float32Array(classes.length).fill(starterThreshold),
      },
    ],
  };
}
