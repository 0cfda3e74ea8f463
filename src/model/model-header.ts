import { z } from 'zod';
import { Fault } from '../base/errors.ts';
import { nameProblem } from '../base/ids.ts';
import { fullNameOf } from '../vision/extractor.ts';
import { scoreFunctions } from '../vision/scores.ts';

/** Most classes in a block. */
const maxClasses = 1_000_000;
/** Most blocks in a model. */
const maxBlocks = 256;
/** Most values in a feature vector. */
const maxDims = 65_536;

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hex');
const text = (longest: number) => z.string().max(longest);

const className = z.string().superRefine((name, context) => {
  const problem = nameProblem(name);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** What names an extractor, wherever it is written down. */
export const extractorSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  version: z.int().min(0),
  dims: z.int().min(1).max(maxDims),
  parametersHash: hash,
});

const blockSchema = z.strictObject({
  name: className,
  extractor: extractorSchema,
  score: z.enum(scoreFunctions),
  /** `unit`: margins are of features scaled to unit length; absent: of features as they are. */
  rows: z.literal('unit').optional(),
  classes: z.array(className).min(1).max(maxClasses),
});

const headerSchema = z
  .strictObject({
    created: z.iso.datetime(),
    provenance: z.strictObject({
      description: text(4096),
      sources: z.array(z.strictObject({ name: text(1024), sha256: hash })).max(10_000),
    }),
    blocks: z.array(blockSchema).min(1).max(maxBlocks),
  })
  .superRefine((header, context) => {
    const twice = firstDouble(header.blocks.flatMap((block) => block.classes));
    if (twice !== undefined)
      context.addIssue({ code: 'custom', message: `has the class ${JSON.stringify(twice)} twice` });
  })
  .readonly();

/** The extractor whose features a block's weights were made for. */
export type ExtractorReference = Readonly<z.infer<typeof extractorSchema>>;

/** What a model file says about itself, beside the numbers. */
export type ModelHeader = z.infer<typeof headerSchema>;

/** A class block: its name, extractor, score function and class names in the order of its rows. */
export type BlockHeader = ModelHeader['blocks'][number];

/** Checks a header; returns it in canonical key order, or why it cannot be one. */
export function checkHeader(value: unknown): ModelHeader | string {
  const result = headerSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where =
    issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.map(String).join('.')})`;
  return `its header${where} ${issue?.message ?? 'is wrong'}`;
}

/**
 * Makes sure that each block of a model was made for the features of one of these extractors.
 * @throws Fault `MODEL_EXTRACTOR`
 */
export function checkExtractors(header: ModelHeader, extractors: readonly ExtractorReference[]): void {
  const found = extractors.map(fullNameOf);
  for (const block of header.blocks) {
    const expected = fullNameOf(block.extractor);
    if (!found.includes(expected))
      throw new Fault('MODEL_EXTRACTOR', { expected, found: found.join(' or ') });
  }
}

/** Names of all classes, block after block: the order of a model's class indices. */
export function classNames(header: ModelHeader): string[] {
  return header.blocks.flatMap((block) => block.classes);
}

function firstDouble(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
