import { Fault } from '../base/errors.ts';

/** Platt's sigmoid of a class: score = 1 / (1 + exp(a·z + b)) of a margin z; `a` is below 0 for a useful class. */
export interface Sigmoid {
  readonly a: number;
  readonly b: number;
}

/** What is believed of a sigmoid before its data: a normal distribution over (a, b). */
export interface SigmoidPrior {
  readonly mean: Sigmoid;
  /** Inverse of the covariance: its entries aa, ab, bb. */
  readonly precision: readonly [aa: number, ab: number, bb: number];
}

/** A sigmoid, and how sure its data and prior make it. */
export interface SigmoidFit extends Sigmoid {
  /** Inverse of the curvature at the solution: entries aa, ab, bb. */
  readonly covariance: readonly [aa: number, ab: number, bb: number];
}

/**
 * Labelled margins of one class as a sigmoid sees them: points, each with so many positives and negatives. The margins
 * are standardised, (z − `mean`) / `deviation`.
 */
export interface MarginPoints {
  readonly mean: number;
  readonly deviation: number;
  readonly positives: number;
  readonly negatives: number;
  /** `Float64Array [points]`, standardised. */
  readonly margins: Float64Array;
  /** `Float64Array [points]`, sums of the targets, by the smoothing of Lin, Lin and Weng. */
  readonly targets: Float64Array;
  /** `Float64Array [points]`, how many rows each point stands for. */
  readonly weights: Float64Array;
}

/** Points per standard deviation: rows this near to each other count as one, which moves a score by less than 0.001. */
const pointsPerDeviation = 64;
/** A sigmoid whose slope in standard deviations is less than this says nothing, or the opposite. */
const leastSlope = 0.01;
const iterationLimit = 100;
const gradientLimit = 1e-8;
/** Lin, Lin and Weng's: keeps the curvature positive definite. */
const ridge = 1e-12;
const smallestStep = 1e-10;

/**
 * Groups sorted margins into points, as many as their spread needs and never more than rows.
 *
 * @param margins - `Float32Array [rows]`, falling
 * @param labels - `Int8Array [rows]`, +1, −1; 0 is passed over
 * @param weights - `Float32Array [rows]`, how much each row counts; 1 without it
 * @throws Fault `INTERNAL` for a margin that is no finite number
 */
export function marginPoints(margins: Float32Array, labels: Int8Array, weights?: Float32Array): MarginPoints {
  const known = moments(margins, labels, weights);
  const { mean, deviation, positives, negatives } = known;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  const sums: number[] = [];
  const targets: number[] = [];
  const counts: number[] = [];
  let cell = NaN;
  for (let row = 0; row < margins.length; row++) {
    const label = labels[row] ?? 0;
    if (label === 0) continue;
    const weight = weights?.[row] ?? 1;
    const margin = ((margins[row] ?? 0) - mean) / deviation;
    const at = Math.floor(margin * pointsPerDeviation);
    if (at !== cell) {
      cell = at;
      sums.push(0);
      targets.push(0);
      counts.push(0);
    }
    const last = sums.length - 1;
    sums[last] = (sums[last] ?? 0) + weight * margin;
    targets[last] = (targets[last] ?? 0) + weight * (label > 0 ? high : low);
    counts[last] = (counts[last] ?? 0) + weight;
  }
  return {
    ...known,
    margins: Float64Array.from(sums, (sum, point) => sum / (counts[point] ?? 1)),
    targets: Float64Array.from(targets),
    weights: Float64Array.from(counts),
  };
}

function moments(margins: Float32Array, labels: Int8Array, weights: Float32Array | undefined) {
  let positives = 0;
  let negatives = 0;
  let sum = 0;
  let squares = 0;
  for (let row = 0; row < margins.length; row++) {
    const label = labels[row] ?? 0;
    if (label === 0) continue;
    const margin = margins[row] ?? 0;
    const weight = weights?.[row] ?? 1;
    if (label > 0) positives += weight;
    else negatives += weight;
    sum += weight * margin;
    squares += weight * margin * margin;
  }
  if (!Number.isFinite(squares)) throw new Fault('INTERNAL', { reason: 'a margin is no finite number' });
  const total = positives + negatives;
  const mean = total > 0 ? sum / total : 0;
  const spread = Math.sqrt(Math.max((total > 0 ? squares / total : 0) - mean * mean, 0));
  // Margins that are all the same have no scale of their own.
  const deviation = spread > 1e-6 * Math.abs(mean) ? spread : Math.max(Math.abs(mean), 1);
  return { mean, deviation, positives, negatives };
}

/**
 * Fits a sigmoid to points by Newton's method with backtracking (Lin, Lin and Weng 2007); without a prior it is theirs exactly.
 *
 * @param start - where to begin; without it, the base rate's flat sigmoid
 * @returns a sigmoid of standardised margins; see {@link ofMargins}
 */
export function fitSigmoid(points: MarginPoints, prior?: SigmoidPrior, start?: Sigmoid): SigmoidFit {
  const flat = { a: 0, b: Math.log((points.negatives + 1) / (points.positives + 1)) };
  const free = descend(points, prior, start ?? prior?.mean ?? flat, true);
  if (free.a <= -leastSlope) return free;
  // The margins rank these rows upside down or not at all: keep their order, and the base rate.
  return descend(points, prior, { a: -leastSlope, b: flat.b }, false);
}

/** The sigmoid of plain margins that equals one of standardised margins. */
export function ofMargins({ mean, deviation }: MarginPoints, { a, b }: Sigmoid): Sigmoid {
  return { a: a / deviation, b: b - (a * mean) / deviation };
}

/**
 * Moves a sigmoid from the labelled sample to the corpus, where another share of photos is positive: the odds change by
 * the ratio of the shares' odds.
 *
 * @param samplePrior - share of positives among the rows it was fitted on, within (0, 1)
 * @param corpusPrior - share of positives in the corpus, within (0, 1)
 * @throws Fault `INTERNAL` for a share outside
 */
export function correctPrevalence({ a, b }: Sigmoid, samplePrior: number, corpusPrior: number): Sigmoid {
  return { a, b: b + logit(samplePrior) - logit(corpusPrior) };
}

/**
 * log(p / (1 − p)).
 * @throws Fault `INTERNAL` for a share outside (0, 1)
 */
export function logit(share: number): number {
  if (!(share > 0 && share < 1))
    throw new Fault('INTERNAL', { reason: `${String(share)} is no share of positives within 0 and 1` });
  return Math.log(share / (1 - share));
}

/** Minus the logarithm of likelihood and prior at a sigmoid, with its first and second derivatives. */
interface Objective {
  readonly value: number;
  readonly ga: number;
  readonly gb: number;
  readonly haa: number;
  readonly hab: number;
  readonly hbb: number;
}

/** Newton's method over (a, b), or over b alone. */
function descend(
  points: MarginPoints,
  prior: SigmoidPrior | undefined,
  start: Sigmoid,
  slopeIsFree: boolean,
): SigmoidFit {
  const limit = gradientLimit * (1 + points.positives + points.negatives);
  let { a, b } = start;
  let here = objective(points, prior, a, b);
  for (let iteration = 0; iteration < iterationLimit; iteration++) {
    const { value, ga, gb, haa, hab, hbb } = here;
    if ((!slopeIsFree || Math.abs(ga) < limit) && Math.abs(gb) < limit) break;
    const determinant = haa * hbb - hab * hab;
    const da = slopeIsFree ? -(hbb * ga - hab * gb) / determinant : 0;
    const db = slopeIsFree ? -(haa * gb - hab * ga) / determinant : -gb / hbb;
    const descent = 1e-4 * (ga * da + gb * db);
    let step = 1;
    let next = objective(points, prior, a + da, b + db);
    while (!(next.value < value + step * descent) && step >= smallestStep) {
      step /= 2;
      next = objective(points, prior, a + step * da, b + step * db);
    }
    if (step < smallestStep) break;
    a += step * da;
    b += step * db;
    here = next;
  }
  const determinant = here.haa * here.hbb - here.hab * here.hab;
  return { a, b, covariance: [here.hbb / determinant, -here.hab / determinant, here.haa / determinant] };
}

/** One pass over the points, in the form that never overflows. */
function objective(
  { margins, targets, weights }: MarginPoints,
  prior: SigmoidPrior | undefined,
  a: number,
  b: number,
): Objective {
  let value = 0;
  let ga = 0;
  let gb = 0;
  let haa = ridge;
  let hab = 0;
  let hbb = ridge;
  for (let point = 0; point < margins.length; point++) {
    const margin = margins[point] ?? 0;
    const weight = weights[point] ?? 0;
    const target = targets[point] ?? 0;
    const exponent = a * margin + b;
    const power = Math.exp(-Math.abs(exponent));
    const score = (exponent >= 0 ? power : 1) / (1 + power);
    const difference = target - weight * score;
    const second = (weight * power) / ((1 + power) * (1 + power));
    value += (exponent >= 0 ? target : target - weight) * exponent + weight * Math.log1p(power);
    ga += margin * difference;
    gb += difference;
    haa += margin * margin * second;
    hab += margin * second;
    hbb += second;
  }
  if (prior === undefined) return { value, ga, gb, haa, hab, hbb };
  const [aa, ab, bb] = prior.precision;
  const da = a - prior.mean.a;
  const db = b - prior.mean.b;
  return {
    value: value + (aa * da * da + 2 * ab * da * db + bb * db * db) / 2,
    ga: ga + aa * da + ab * db,
    gb: gb + ab * da + bb * db,
    haa: haa + aa,
    hab: hab + ab,
    hbb: hbb + bb,
  };
}
