import type { FileHandle } from 'node:fs/promises';
import { decodeFrame, frameMagic, headerBytes, maxFrameBytes, type StoredFrame } from './segment-format.ts';

const windowBytes = 256 * 1024;

/** Which frames are read. */
export interface FrameRange {
  /** Where the first one starts; default behind the header. */
  readonly from?: number;
  /** Where the last one ends. */
  readonly end: number;
  /** Told of each stretch of bytes that are no frame, before the frame that comes after it. */
  readonly onGap?: (offset: number, bytes: number) => void;
}

/** Reads the frames of a segment's ids in order, in constant memory. */
export async function* readFrames(file: FileHandle, range: FrameRange): AsyncGenerator<StoredFrame> {
  const { from = headerBytes, onGap } = range;
  let end = range.end;
  let window: Buffer = Buffer.alloc(0);
  /** Where the window starts in the file, the next frame in the window, and a gap in the file. */
  let [start, at, gap] = [from, 0, -1];
  for (;;) {
    if (window.length - at < maxFrameBytes && start + window.length < end) {
      const more = await readFully(file, start + window.length, Math.min(end, start + at + windowBytes));
      if (more.length === 0) end = start + window.length;
      window = Buffer.concat([window.subarray(at), more]);
      [start, at] = [start + at, 0];
    }
    if (at >= window.length) break;
    const frame = decodeFrame(window, at);
    if (frame === undefined) {
      if (gap < 0) gap = start + at;
      const next = window.indexOf(frameMagic, at + 1);
      // What the window ends in may be the beginning of a frame.
      at = next >= 0 ? next : Math.max(at + 1, window.length - frameMagic.length + 1);
      continue;
    }
    if (gap >= 0) onGap?.(gap, start + at - gap);
    gap = -1;
    yield { ...frame, offset: start + at };
    at += frame.bytes;
  }
  if (gap >= 0) onGap?.(gap, end - gap);
}

/** The bytes from `from` to `to`, or to the end of the file. */
export async function readFully(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, to - from));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
