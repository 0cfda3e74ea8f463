import { nameProblem } from '../../base/ids.ts';
import type { InputProblemCode, OnInputProblem } from './input-problem.ts';
import { type LinePlace, type LineReading, readLines } from './line-reader.ts';
import { SeenPhotos } from './seen-photos.ts';
import { textOf } from './utf8-text.ts';

/** A photo of the input. */
export interface InputPhoto {
  readonly id: string;
  /** Its file's content. */
  readonly bytes: Uint8Array;
}

/** What photos are read with. */
export interface PhotoReading {
  /** The largest photo, in bytes. */
  readonly maxPhotoBytes: number;
  readonly onProblem: OnInputProblem;
  /** Photos that are passed over, without being decoded or read: they are described already. */
  readonly isStored?: (id: string) => boolean | Promise<boolean>;
  /** Which photos have come, from other files too; default those of the file, and whether they come again with other pixels. */
  readonly seen?: Pick<SeenPhotos, 'note'>;
  /** Whether a photo that comes again as it was is a problem too. Default no. */
  readonly reportsRepeats?: boolean;
}

/** A photo of a line. */
export interface LinePhoto extends InputPhoto {
  readonly line: number;
  readonly next: LinePlace;
}

const tab = 0x09;
const maxIdBytes = 256;

/**
 * Reads pixel data, `photo_id<TAB>base64` a line, perhaps compressed. Of a photo that comes several times, the first line counts.
 *
 * Problems: `fields`, `photo-id`, `encoding`, `base64`, `too-long`, `duplicate`, `cut`.
 * @param lines - which part of it
 * @throws Fault `FILE_READ`
 */
export async function* readPixelData(
  file: string,
  reading: PhotoReading,
  lines: LineReading = {},
): AsyncGenerator<LinePhoto> {
  const { maxPhotoBytes, onProblem, isStored, seen = new SeenPhotos(), reportsRepeats = false } = reading;
  const maxLineBytes = maxIdBytes + 1 + 4 * Math.ceil(maxPhotoBytes / 3);
  for await (const batch of readLines(file, maxLineBytes, lines))
    for (const each of batch) {
      if (each.problem !== undefined) {
        onProblem(each.problem);
        continue;
      }
      const { number: line, bytes, next } = each;
      const photo = parse(bytes, seen, maxPhotoBytes);
      if ('code' in photo) {
        if (reportsRepeats || !photo.isSame)
          onProblem({ code: photo.code, file, line, reason: photo.reason });
      } else if ((await isStored?.(photo.id)) !== true) {
        const decoded = decodeBase64(photo.base64);
        if (decoded === undefined)
          onProblem({ code: 'base64', file, line, reason: 'has pixels that are not base64' });
        else yield { id: photo.id, bytes: decoded, line, next };
      }
    }
}

interface EncodedPhoto {
  readonly id: string;
  readonly base64: Buffer;
}

interface Refusal {
  readonly code: InputProblemCode;
  readonly reason: string;
  /** It came before, as it is. */
  readonly isSame?: boolean;
}

function parse(line: Buffer, seen: Pick<SeenPhotos, 'note'>, maxPhotoBytes: number): EncodedPhoto | Refusal {
  const end = line.indexOf(tab);
  if (end < 0) return { code: 'fields', reason: 'has no tab between photo id and pixels' };
  const id = textOf(line.subarray(0, end));
  if (id === undefined) return { code: 'encoding', reason: 'has a photo id that is not UTF-8' };
  const problem = nameProblem(id);
  if (problem !== undefined) return { code: 'photo-id', reason: `has a photo id that ${problem}` };
  const base64 = line.subarray(end + 1);
  if (base64.includes(tab)) return { code: 'fields', reason: 'has more than two fields' };
  if (base64.length === 0) return { code: 'base64', reason: 'has no pixels' };
  if (base64.length > 4 * Math.ceil(maxPhotoBytes / 3))
    return { code: 'too-long', reason: `has a photo of more than ${String(maxPhotoBytes)} bytes` };
  switch (seen.note(line.subarray(0, end), base64)) {
    case 'same':
      return { code: 'duplicate', reason: `has the photo id ${id} again; the first counts`, isSame: true };
    case 'other':
      return {
        code: 'duplicate',
        reason: `has the photo id ${id} again, with other pixels; the first counts`,
      };
    case 'new':
      return { id, base64 };
  }
}

/** Node decodes what it can and leaves out the rest, so the length tells whether all of it was base64. */
function decodeBase64(base64: Buffer): Buffer | undefined {
  let digits = base64.length;
  while (digits > base64.length - 2 && base64[digits - 1] === 0x3d) digits -= 1;
  const decoded = Buffer.from(base64.toString('latin1'), 'base64');
  return digits % 4 !== 1 && decoded.length === Math.floor((digits * 3) / 4) ? decoded : undefined;
}
