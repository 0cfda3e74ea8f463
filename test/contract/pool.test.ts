import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { builtEntry } from '../../src/base/built-entry.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { PublishedModel, ScoredTag } from '../../src/pool/published-model.ts';
import type { ModelHandle } from '../../src/model/model-scorer.ts';
import type { QuantisedBlock } from '../../src/model/quantised-model.ts';
import { ThreadLost, WorkerSlot } from '../../src/pool/worker-slot.ts';
import type { WorkerSlotOptions } from '../../src/pool/worker-slot.ts';
import { hogIdentity } from '../../src/vision/hog.ts';
import { Lite0Reference } from '../support/lite0-reference.ts';
import { modelContents } from '../support/model.ts';
import { jpeg, numbered, quadrants } from '../support/photos.ts';
import { publishedModel } from '../support/published-model.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { until } from '../support/until.ts';

const taskTimeoutMs = 10_000;
const odd = builtEntry('../support/odd-thread-entry', import.meta.url);
const broken = builtEntry('../support/broken-thread-entry', import.meta.url);

let reference: Lite0Reference;
const slots: WorkerSlot[] = [];

beforeAll(async () => {
  reference = await Lite0Reference.load();
});

afterEach(() => {
  for (const slot of slots.splice(0)) slot.kill();
});

function newSlot(options: Partial<WorkerSlotOptions> = {}): WorkerSlot {
  const slot = new WorkerSlot({ clock: systemClock, setup: reference.setup, taskTimeoutMs, ...options });
  slots.push(slot);
  return slot;
}

function transferable(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** A slot whose threads obey, on a clock of the test's own. */
async function oddSlot(options: Partial<WorkerSlotOptions> = {}) {
  const clock = new SimulatedClock();
  const slot = newSlot({ clock, entry: odd, ...options });
  const { exited } = await slot.start();
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const block: QuantisedBlock = {
    extractor: 'none',
    unitRows: false,
    firstClass: 0,
    classes: 0,
    dims: 1,
    panels: new Int16Array(counter.buffer),
    constants: new Float32Array(),
    score: 'softmax',
    calibration: new Float32Array(),
    thresholds: new Float32Array(),
  };
  const model: ModelHandle = { activation: 1, id: 'none', blocks: [block] };
  const run = (command: string) => {
    const outcome = slot.run({ bytes: transferable(new TextEncoder().encode(command)), model, top: 0 });
    outcome.catch(() => undefined);
    return outcome;
  };
  const underWay = (photos: number) => until(() => Atomics.load(counter, 0) === photos);
  return { slot, clock, exited, run, underWay };
}

const lost = (code: string, charged: boolean) => ({ fault: { code }, charged });

describe('a photo in a thread', () => {
  test('gets the scores that the kernel gives here, and its bytes are moved', async () => {
    const slot = newSlot();
    await slot.start();
    const model = await publishedModel(
      modelContents(reference.randomBlock(['a', 'b', 'c', 'd'], 1)),
      reference,
    );
    const photo = await numbered(1);
    const bytes = transferable(photo);
    const { tags, best, times } = await slot.run({ bytes, model: model.handle, top: 3 });
    expect(bytes.byteLength).toBe(0);
    const expected = reference.tags(await reference.features(photo), model, 3);
    expect({ tags: model.name(tags), best: model.name(best) }).toEqual(expected);
    expect(best.indices).toHaveLength(3);
    for (const time of Object.values(times)) expect(time).toBeGreaterThanOrEqual(0);
  });

  test('has the same scores with a thumbnail as without', async () => {
    const model = await publishedModel(modelContents(reference.randomBlock(['a', 'b'], 1)), reference);
    const photo = await jpeg(quadrants(640, 480));
    const found = [];
    for (const thumbnailPx of [0, 320]) {
      const slot = newSlot({ setup: { ...reference.setup, thumbnailPx } });
      await slot.start();
      found.push(await slot.run({ bytes: transferable(photo), model: model.handle, top: 2 }));
    }
    const [without, having] = found;
    expect(having!.best).toEqual(without!.best);
    expect(having!.features).toEqual(without!.features);
    expect(without!.thumbnail).toBeUndefined();
    expect(having!.thumbnail).toMatchObject({ ok: true, value: expect.any(Uint8Array) as unknown });
  });

  test('is tagged by each block on the features of its own extractor', async () => {
    const slot = newSlot();
    await slot.start();
    const block = reference.randomBlock(['a', 'b', 'c'], 1);
    const hogBlock = reference.randomBlock(['d', 'e', 'f'], 2, hogIdentity);
    const [both, one, other] = await Promise.all(
      [[block, hogBlock], [block], [hogBlock]].map((blocks) =>
        publishedModel(modelContents(...blocks), reference),
      ),
    );
    expect(both!.extractor).toBe('lite0-1+hog-2');
    const byTag = (tags: readonly ScoredTag[]) => new Map(tags.map(({ tag, score }) => [tag, score]));
    for (const photo of [await numbered(1), await numbered(200), await jpeg(quadrants())]) {
      const bytes = transferable(photo);
      const { tags, best } = await slot.run({ bytes, model: both!.handle, top: 6 });
      const expected = [await reference.tagsOf(photo, one!, 3), await reference.tagsOf(photo, other!, 3)];
      expect(byTag(both!.name(tags))).toEqual(byTag(expected.flatMap((found) => found.tags)));
      expect(byTag(both!.name(best))).toEqual(byTag(expected.flatMap((found) => found.best)));
    }
  });

  test('fails with its own fault, and the thread goes on', async () => {
    const { slot, run } = await oddSlot();
    await expect(run('decoding fail')).rejects.toMatchObject({
      code: 'PHOTO_DAMAGED',
      details: { reason: 'it says so' },
    });
    await expect(run('kernel pass')).resolves.toBeDefined();
    expect(slot.free).toBe(2);
  });

  test('takes a place of two, which it gives back', async () => {
    const { slot, run, underWay } = await oddSlot();
    expect(slot.free).toBe(2);
    const first = run('decoding wait');
    const second = run('decoding wait');
    expect(slot.free).toBe(0);
    await expect(run('kernel pass')).rejects.toMatchObject(lost('WORKER_LOST', false));
    await underWay(2);
    slot.kill();
    await expect(first).rejects.toBeInstanceOf(ThreadLost);
    await expect(second).rejects.toBeInstanceOf(ThreadLost);
    expect(slot).toMatchObject({ free: 0, started: false });
  });
});

describe('a thread that is lost', () => {
  test.each(['exit', 'throw', 'fill'])(
    'to %s in the kernel charges that photo alone, and its slot starts another',
    async (command) => {
      const { slot, exited, run, underWay } = await oddSlot();
      const innocent = run('decoding wait');
      await underWay(1);
      const culprit = run(`kernel ${command}`);
      await expect(culprit).rejects.toMatchObject(lost('WORKER_LOST', true));
      await expect(innocent).rejects.toMatchObject(lost('WORKER_LOST', false));
      await expect(exited).resolves.toMatchObject({ code: 'WORKER_LOST' });
      expect(slot.started).toBe(false);
      const waiting = slot.whenFree();
      await slot.start();
      await waiting;
      await expect(run('kernel pass')).resolves.toBeDefined();
    },
  );

  test('while photos are decoded charges those', async () => {
    const { run, underWay } = await oddSlot();
    const first = run('decoding wait');
    await underWay(1);
    await expect(run('decoding exit')).rejects.toMatchObject(lost('WORKER_LOST', true));
    await expect(first).rejects.toMatchObject(lost('WORKER_LOST', true));
  });

  test('between two photos charges nobody and is told', async () => {
    const { slot, exited } = await oddSlot();
    slot.kill('for a test');
    await expect(exited).resolves.toMatchObject({ code: 'WORKER_LOST', details: { reason: 'for a test' } });
  });

  test('to a kill charges nobody, not even the photo in the kernel', async () => {
    const { slot, run, underWay } = await oddSlot();
    const photo = run('kernel spin');
    await underWay(1);
    slot.kill();
    await expect(photo).rejects.toMatchObject(lost('WORKER_LOST', false));
  });
});

describe('the deadline', () => {
  test('replaces a thread that hangs in the kernel; the photo behind it is not charged', async () => {
    const { slot, clock, run, underWay } = await oddSlot();
    const culprit = run('kernel spin');
    await underWay(1);
    const innocent = run('kernel pass');
    await clock.advance(taskTimeoutMs - 1);
    expect(slot.started).toBe(true);
    await clock.advance(1);
    await expect(culprit).rejects.toMatchObject(lost('WORKER_DEADLINE', true));
    await expect(innocent).rejects.toMatchObject(lost('WORKER_DEADLINE', false));
    await slot.start();
    await expect(run('kernel pass')).resolves.toBeDefined();
  });

  test('of a photo that waits behind another in the kernel charges the one in the kernel', async () => {
    const { clock, run, underWay } = await oddSlot();
    const first = run('decoding wait');
    await underWay(1);
    await clock.advance(taskTimeoutMs / 2);
    const culprit = run('kernel spin');
    await underWay(2);
    await clock.advance(taskTimeoutMs / 2);
    await expect(culprit).rejects.toMatchObject(lost('WORKER_DEADLINE', true));
    await expect(first).rejects.toMatchObject(lost('WORKER_DEADLINE', false));
  });

  test('of a photo whose decoding hangs charges that one', async () => {
    const { clock, run, underWay } = await oddSlot();
    const culprit = run('decoding wait');
    await underWay(1);
    await clock.advance(taskTimeoutMs / 2);
    const innocent = run('decoding wait');
    await underWay(2);
    await clock.advance(taskTimeoutMs / 2);
    await expect(culprit).rejects.toMatchObject(lost('WORKER_DEADLINE', true));
    await expect(innocent).rejects.toMatchObject(lost('WORKER_DEADLINE', false));
  });

  test('of a photo whose decoding hangs charges that one, though another has come to the kernel since', async () => {
    const { clock, run, underWay } = await oddSlot();
    const culprit = run('decoding wait');
    await underWay(1);
    await clock.advance(taskTimeoutMs / 2 + 1);
    const innocent = run('kernel wait');
    await underWay(2);
    await clock.advance(taskTimeoutMs / 2 - 1);
    await expect(culprit).rejects.toMatchObject(lost('WORKER_DEADLINE', true));
    await expect(innocent).rejects.toMatchObject(lost('WORKER_DEADLINE', false));
  });

  test('is over when the photo is done', async () => {
    const { slot, clock, run } = await oddSlot();
    await run('kernel pass');
    await clock.advance(2 * taskTimeoutMs);
    expect(slot.started).toBe(true);
  });
});

describe('a thread that does not start', () => {
  test('says why', async () => {
    const parameters = { ...reference.setup.parameters, steps: [] };
    const slot = newSlot({ entry: broken, setup: { ...reference.setup, parameters } });
    await expect(slot.start()).rejects.toMatchObject({
      code: 'WORKER_START',
      details: { reason: 'there are no parameters' },
    });
    expect(slot).toMatchObject({ free: 0, started: false });
  });

  test('for damaged parameters says so', async () => {
    const damaged = { ...reference.setup.parameters, steps: [] };
    const slot = newSlot({ setup: { ...reference.setup, parameters: damaged } });
    await expect(slot.start()).rejects.toMatchObject({ code: 'WORKER_START' });
  });

  test('in time is given up', async () => {
    const clock = new SimulatedClock();
    const slot = newSlot({ clock, entry: broken, startTimeoutMs: 5_000 });
    const started = slot.start();
    started.catch(() => undefined);
    await clock.advance(5_000);
    await expect(started).rejects.toMatchObject({ code: 'WORKER_START' });
  });
});

describe('a killed thread', () => {
  test('that does not end in time is told of', async () => {
    let stuck = 0;
    const { slot, clock, run, underWay } = await oddSlot({ endTimeoutMs: 5_000, onStuck: () => stuck++ });
    const photo = run('kernel block');
    await underWay(1);
    slot.kill();
    await expect(photo).rejects.toBeInstanceOf(ThreadLost);
    await clock.advance(5_000);
    expect(stuck).toBe(1);
  });

  test('that ends is not', async () => {
    let stuck = 0;
    const { slot, clock } = await oddSlot({ endTimeoutMs: 5_000, onStuck: () => stuck++ });
    slot.kill();
    await until(() => clock.pending === 0);
    await clock.advance(5_000);
    expect(stuck).toBe(0);
  });
});

test('every result is that of the model it was asked for, while models change', async () => {
  const slot = newSlot();
  await slot.start();
  const classes = Array.from({ length: 20 }, (_, index) => `class ${String(index)}`);
  const models: PublishedModel[] = [];
  for (let activation = 1; activation <= 8; activation++)
    models.push(
      await publishedModel(modelContents(reference.randomBlock(classes, activation)), reference, activation),
    );
  const photos = await Promise.all([1, 2, 3, 4].map(numbered));
  const features = await Promise.all(photos.map((photo) => reference.features(photo)));
  for (let round = 0; round < 48; round += 2) {
    // A photo in flight during a swap still names the model before it.
    const pair = [round, round + 1].map(async (number) => {
      const model = models[Math.floor(number / 6) - (number % 3 === 0 && number > 5 ? 1 : 0)]!;
      const photo = number % photos.length;
      const found = await slot.run({ bytes: transferable(photos[photo]!), model: model.handle, top: 5 });
      expect(model.name(found.best)).toEqual(reference.tags(features[photo]!, model, 5).best);
    });
    await Promise.all(pair);
  }
});

test('the memory of killed threads comes back', async () => {
  const slot = newSlot();
  const model = await publishedModel(modelContents(reference.randomBlock(['a'], 1)), reference);
  const photo = await numbered(1);
  const lives = async (count: number) => {
    for (let life = 0; life < count; life++) {
      await slot.start();
      const done = slot.run({ bytes: transferable(photo), model: model.handle, top: 1 });
      await done;
      slot.kill();
    }
  };
  await lives(2);
  const before = process.memoryUsage.rss();
  await lives(10);
  // Each thread holds 20 MiB or more of parameters and activations.
  const grownMib = () => (process.memoryUsage.rss() - before) / 1024 / 1024;
  await until(() => grownMib() < 100);
}, 120_000);
