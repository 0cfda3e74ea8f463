import { createHash } from 'node:crypto';
import { Fault } from '../base/errors.ts';
import { nameProblem } from '../base/ids.ts';
import { silentThreshold } from '../vision/scores.ts';
import { replaceFile } from './atomic-file.ts';
import type { Model } from './model-file.ts';
import { checkSizes, encodePreamble, padHeader } from './model-format.ts';
import { type BlockHeader, checkHeader, type ModelHeader } from './model-header.ts';
import { type BlockView, layoutOf, viewBlocks } from './model-layout.ts';
import { writeFault } from '../base/write-fault.ts';

/** A class that a model brought although an earlier one has it. */
export interface DroppedClass {
  readonly class: string;
  /** Id of the model that lost it. */
  readonly model: string;
}

/** A model made of others. */
export interface ComposedModel {
  readonly id: string;
  readonly header: ModelHeader;
  readonly dropped: readonly DroppedClass[];
}

/** A block of the new model: which rows of a block it takes. */
interface BlockPlan {
  readonly header: BlockHeader;
  readonly view: BlockView;
  /** Rows that it takes, rising. */
  readonly rows: readonly number[];
  /** Those of them that are never shown. */
  readonly silent: ReadonlySet<number>;
}

/** The longest piece that is hashed and written at once: the event loop turns in between. */
const pieceBytes = 1024 * 1024;
const floatBytes = Float32Array.BYTES_PER_ELEMENT;

/**
 * Puts the blocks of several models side by side in one new model file. Each block keeps its extractor, its score
 * function and, bit for bit, its scores. A class that two models have is that of the earlier one.
 *
 * The later block loses the row; where scores depend on all rows (softmax) the row stays, under another name, and is
 * never shown. The same models in the same order give the same file.
 *
 * @throws Fault `MODEL_FORMAT` if they are more than one model can hold; `DISK_FULL`, `FILE_WRITE`
 */
export async function composeModels(file: string, models: readonly Model[]): Promise<ComposedModel> {
  const { plans, dropped } = planBlocks(models);
  const header = headerOf(file, models, plans);
  const json = padHeader(JSON.stringify(header));
  const { bytes: bodyBytes } = layoutOf(header);
  checkSizes(file, { headerBytes: json.length, bodyBytes });
  const hash = createHash('sha256');
  let id = '';
  function* content(): Generator<Uint8Array, void, undefined> {
    for (const part of [encodePreamble({ headerBytes: json.length, bodyBytes }), json, ...bodyParts(plans)])
      for (let from = 0; from < part.length; from += pieceBytes) {
        const piece = part.subarray(from, from + pieceBytes);
        hash.update(piece);
        yield piece;
      }
    const digest = hash.digest();
    id = digest.toString('hex');
    yield digest;
  }
  try {
    await replaceFile(file, content());
  } catch (error) {
    throw writeFault(file, error);
  }
  return { id, header, dropped };
}

function planBlocks(models: readonly Model[]): { plans: BlockPlan[]; dropped: DroppedClass[] } {
  const taken = new Set<string>();
  const plans: BlockPlan[] = [];
  const dropped: DroppedClass[] = [];
  for (const model of models) {
    const views = viewBlocks(model.layout, model.buffer);
    for (const [index, header] of model.header.blocks.entries()) {
      const view = views[index];
      if (view === undefined) continue;
      const lost = new Set<number>();
      for (const [row, name] of header.classes.entries()) {
        if (!taken.has(name)) continue;
        lost.add(row);
        // What is never shown is nobody's class.
        if (!((view.thresholds[row] ?? 0) > 1)) dropped.push({ class: name, model: model.id });
      }
      if (lost.size === header.classes.length) continue;
      const plan =
        header.score === 'softmax' ? silence(header, view, lost, taken) : leaveOut(header, view, lost);
      for (const name of plan.header.classes) taken.add(name);
      plans.push(plan);
    }
  }
  return { plans, dropped };
}

function leaveOut(header: BlockHeader, view: BlockView, lost: ReadonlySet<number>): BlockPlan {
  const rows = Array.from(header.classes.keys()).filter((row) => !lost.has(row));
  return {
    header: { ...header, classes: rows.map((row) => header.classes[row] ?? '') },
    view,
    rows,
    silent: new Set(),
  };
}

function silence(
  header: BlockHeader,
  view: BlockView,
  silent: ReadonlySet<number>,
  taken: ReadonlySet<string>,
): BlockPlan {
  const used = new Set([...taken, ...header.classes]);
  const classes = header.classes.map((name, row) =>
    silent.has(row) ? otherName(name, header.name, used) : name,
  );
  return { header: { ...header, classes }, view, rows: Array.from(classes.keys()), silent };
}

/** A name for a class that is not shown, `crane (imagenet-1k)`; class names are unique in a model. */
function otherName(name: string, block: string, used: Set<string>): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` ${String(number)}`;
    const other = [`${name} (${block}${suffix})`, `(${block}${suffix})`, `(${String(number)})`].find(
      (candidate) => nameProblem(candidate) === undefined && !used.has(candidate),
    );
    if (other === undefined) continue;
    used.add(other);
    return other;
  }
}

function headerOf(file: string, models: readonly Model[], plans: readonly BlockPlan[]): ModelHeader {
  const created = models.map(({ header }) => header.created).sort((a, b) => Date.parse(a) - Date.parse(b));
  const header = checkHeader({
    // The latest of theirs: a date of today would give each composition a model of its own.
    created: created.at(-1),
    provenance: {
      description:
        `composed of ${models.map((model) => model.header.provenance.description).join('; ')}`.slice(0, 4096),
      sources: models.map(({ id }) => ({ name: `model ${id}`, sha256: id })),
    },
    blocks: plans.map((plan) => plan.header),
  });
  if (typeof header === 'string') throw new Fault('MODEL_FORMAT', { file, reason: header });
  return header;
}

/** The body as `layoutOf` lays it out: W of the taken rows where they are, everything smaller copied. */
function* bodyParts(plans: readonly BlockPlan[]): Generator<Uint8Array, void, undefined> {
  for (const { view, rows, silent } of plans) {
    // A row's stride is a multiple of the alignment, so W ends on it.
    for (const [first, count] of runs(rows))
      yield bytesOf(view.w.subarray(first * view.stride, (first + count) * view.stride));
    yield aligned(rows.map((row) => view.b[row] ?? 0));
    yield aligned(
      view.score === 'platt'
        ? rows.flatMap((row) => [view.calibration[2 * row] ?? 0, view.calibration[2 * row + 1] ?? 0])
        : [],
    );
    yield aligned(rows.map((row) => (silent.has(row) ? silentThreshold : (view.thresholds[row] ?? 0))));
  }
}

/** Neighbouring rows together: [first, how many]. */
function* runs(rows: readonly number[]): Generator<readonly [number, number], void, undefined> {
  let first = 0;
  for (let place = 1; place <= rows.length; place++) {
    if (rows[place] === (rows[place - 1] ?? 0) + 1) continue;
    yield [rows[first] ?? 0, place - first];
    first = place;
  }
}

function aligned(values: readonly number[]): Uint8Array {
  const floats = new Float32Array(Math.ceil(values.length / 4) * 4);
  floats.set(values);
  return bytesOf(floats);
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.length * floatBytes);
}
