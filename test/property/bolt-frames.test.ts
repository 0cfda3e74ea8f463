import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameReader, LineTooLong } from '../../src/bolt/frame-reader.ts';

const message = fc.record({
  text: fc.string({ unit: 'binary', maxLength: 20 }),
  bytes: fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined }),
});

/** The bytes of a message on its way. */
function encode({ text, bytes }: { text: string; bytes: Uint8Array | undefined }): Uint8Array {
  const line = JSON.stringify({ text, ...(bytes !== undefined && { bytes: bytes.length }) });
  return Buffer.concat([Buffer.from(`${line}\n`), bytes ?? Buffer.alloc(0)]);
}

/** A stream in chunks, cut at these places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return at.slice(1).map((end, index) => stream.subarray(at[index], end));
}

it('a stream gives the same messages, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 8 }),
      fc.array(fc.nat(2_000), { maxLength: 20 }),
      (messages, places) => {
        const reader = new FrameReader({ bytesAfter: (read) => (read as { bytes?: number }).bytes ?? 0 });
        const chunks = cut(Buffer.concat(messages.map(encode)), places);
        const frames = chunks.flatMap((chunk) => [...reader.read(chunk)]);
        expect(frames.map((frame) => (frame.message as { text: string }).text)).toEqual(
          messages.map(({ text }) => text),
        );
        expect(frames.map(({ bytes }) => [...bytes])).toEqual(
          messages.map(({ bytes }) => [...(bytes ?? [])]),
        );
      },
    ),
  );
});

it('a line is refused as soon as it is too long, and never earlier', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.array(fc.nat(2_000), { maxLength: 5 }), (length, places) => {
      const reader = new FrameReader({ maxLineBytes: 30 });
      const chunks = cut(Buffer.from(`${JSON.stringify('x'.repeat(length))}\n`), places);
      const read = () => chunks.flatMap((chunk) => [...reader.read(chunk)]);
      if (length + 2 > 30) expect(read).toThrow(LineTooLong);
      else expect(read()).toHaveLength(1);
    }),
  );
});
