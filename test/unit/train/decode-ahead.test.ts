import { expect, test } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { decodeAhead } from '../../../src/train/decode-ahead.ts';

/** Decodes photos whose fault comes so often; what each came to, and how often each was tried. */
async function decoded(faults: Readonly<Record<string, readonly Fault[]>>) {
  const tries: Record<string, number> = {};
  const photos = Object.keys(faults).map((id) => ({ id, bytes: Buffer.from(id) }));
  const decode = (bytes: Uint8Array) => {
    const id = Buffer.from(bytes).toString();
    const fault = faults[id]?.[tries[id] ?? 0];
    tries[id] = (tries[id] ?? 0) + 1;
    return fault === undefined ? Promise.resolve(id) : Promise.reject(fault);
  };
  const found: Record<string, string> = {};
  const context = { progress: () => undefined, signal: new AbortController().signal };
  for await (const { id, pixels } of decodeAhead(photos, decode, context))
    found[id] = pixels instanceof Fault ? pixels.code : pixels;
  return { found, tries };
}

test('a photo that took too long is tried again, one that is damaged is not', async () => {
  const slow = new Fault('DECODE_TIMEOUT', { timeoutMs: 5_000 });
  const damaged = new Fault('PHOTO_DAMAGED', { reason: 'cut' });
  expect(
    await decoded({ good: [], late: [slow, slow], cut: [damaged], hopeless: Array<Fault>(9).fill(slow) }),
  ).toEqual({
    found: { good: 'good', late: 'late', cut: 'PHOTO_DAMAGED', hopeless: 'DECODE_TIMEOUT' },
    tries: { good: 1, late: 3, cut: 1, hopeless: 5 },
  });
});
