import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { packageRoot } from '../../src/base/package-root.ts';
import type { Progress } from '../results/part.ts';
import type { DescribedSet } from './described-set.ts';
import { judge, type Verdict } from './judge.ts';

/** What may be meant by standardised rows: each feature over the rows, and each row then scaled to unit length. */
const readings = ['standardised', 'standardised, unit length'] as const;
const cs = [0.01, 0.1, 1] as const;
/** Classes on which solvers and settings are tried. */
const triedClasses = 8;
/** Classes on which solvers are timed. */
const timedClasses = 2;
/** Settings this near to the best are tried on all classes. */
const nearBest = 0.005;

/** How LIBLINEAR is set. */
export interface LiblinearSetting {
  readonly reading: (typeof readings)[number];
  readonly c: number;
  /** Whether dual coordinate descent solves it, or Newton's method in a trust region. */
  readonly dual: boolean;
}

/** What fits took, and what came out. */
export interface LiblinearFit extends LiblinearSetting, Verdict {
  /** How many classes were fitted. */
  readonly classes: number;
  /** Of the fits alone. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Classes at which it gave up before its tolerance. */
  readonly unconverged: number;
}

/** What was tried to find LIBLINEAR's best. */
export interface LiblinearResult {
  /** The setting with the highest mAP, over all classes. */
  readonly best: LiblinearFit;
  /** Over all classes. */
  readonly full: readonly LiblinearFit[];
  /** Over some classes, the faster solver of each setting. */
  readonly tried: readonly LiblinearFit[];
}

/**
 * Finds LIBLINEAR's best on a set: every reading and C over some classes, each with the faster solver, then the best of them and those
 * near it over all.
 */
export async function bestLiblinear(
  python: string,
  set: DescribedSet,
  progress: Progress,
): Promise<LiblinearResult> {
  const fitter = new LiblinearProcess(python, set);
  try {
    const tried: LiblinearFit[] = [];
    const classes = spread(set.classes.length, triedClasses);
    for (const reading of readings)
      for (const c of cs) {
        const dual = await isDualFaster(fitter, { reading, c }, classes.slice(0, timedClasses));
        tried.push(await fitter.fit({ reading, c, dual }, classes));
        progress(`${set.extractor.id}: LIBLINEAR, ${told(tried.at(-1)!)}`);
      }
    const limit = Math.max(...tried.map(({ map }) => map)) - nearBest;
    const full: LiblinearFit[] = [];
    for (const { reading, c, dual } of tried.filter(({ map }) => map >= limit)) {
      full.push(await fitter.fit({ reading, c, dual }, spread(set.classes.length)));
      progress(`${set.extractor.id}: LIBLINEAR, ${told(full.at(-1)!)}`);
    }
    return { best: full.reduce((one, other) => (other.map > one.map ? other : one)), full, tried };
  } finally {
    await fitter.close();
  }
}

async function isDualFaster(
  fitter: LiblinearProcess,
  setting: Omit<LiblinearSetting, 'dual'>,
  classes: readonly number[],
): Promise<boolean> {
  const { seconds: withDual } = await fitter.fit({ ...setting, dual: true }, classes);
  const { seconds: without } = await fitter.fit({ ...setting, dual: false }, classes);
  return withDual < without;
}

/** Some of so many classes, evenly spread; by default all. */
function spread(classes: number, count = classes): number[] {
  const some = Math.min(count, classes);
  return Array.from({ length: some }, (_, index) => Math.floor((index * classes) / some));
}

function told({ reading, c, dual, classes, seconds, map }: LiblinearFit): string {
  return `${reading}, C = ${String(c)}, ${dual ? 'dual' : 'primal'}, ${String(classes)} classes: ${seconds.toFixed(1)} s, mAP ${(100 * map).toFixed(2)}`;
}

/** scikit-learn in a process of its own, on one thread. */
class LiblinearProcess {
  readonly #set: DescribedSet;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #exited: Promise<void>;

  constructor(python: string, set: DescribedSet) {
    this.#set = set;
    const script = join(packageRoot, 'bench', 'train', 'liblinear.py');
    this.#child = spawn(python, [script, set.folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: environment(),
    });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#exited = new Promise((resolve) =>
      this.#child.once('exit', () => {
        resolve();
      }),
    );
  }

  async fit(setting: LiblinearSetting, fit: readonly number[]): Promise<LiblinearFit> {
    const { folder, extractor, classes, test } = this.#set;
    const margins = join(folder, 'liblinear.margins');
    const request = { ...setting, dims: extractor.dims, classes: classes.length, fit, margins };
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#lines.next();
    if (answer.done === true) throw new Error('LIBLINEAR ended without an answer.');
    const took = JSON.parse(answer.value) as Pick<LiblinearFit, 'seconds' | 'cpuSeconds' | 'unconverged'>;
    const found = new Float32Array(new Uint8Array(await readFile(margins)).buffer);
    const some = {
      ...this.#set,
      classes: fit.map((index) => classes[index]!),
      test: { ...test, labels: columns(test.labels, classes.length, fit) },
    };
    await rm(margins);
    return { ...setting, classes: fit.length, ...took, ...judge(some, found) };
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
    this.#reader.close();
  }
}

function columns(matrix: Int8Array, width: number, chosen: readonly number[]): Int8Array {
  const rows = matrix.length / width;
  return Int8Array.from({ length: rows * chosen.length }, (_, at) => {
    const row = Math.floor(at / chosen.length);
    return matrix[row * width + chosen[at % chosen.length]!]!;
  });
}

/** Told to BLAS on some machines for the sake of older versions, at the cost of speed. */
const slowdowns = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'];

/** One thread, and whatever code of BLAS is best for this processor. */
function environment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !slowdowns.includes(name));
  return {
    ...Object.fromEntries(others),
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
  };
}
