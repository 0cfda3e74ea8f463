import { Fault } from '../base/errors.ts';
import type { RawPhoto } from './photo-chunk.ts';
import type { TaskContext } from './tasks/task-context.ts';

/** A photo whose decoding is over. */
export interface DecodedPhoto<Pixels> {
  readonly id: string;
  /** Or why it cannot be decoded. */
  readonly pixels: Pixels | Fault;
}

/** Tries to decode a photo; a try that failed may only have waited for a processor for too long. */
const attempts = 5;
/** Photos in flight: while one is in the kernel, the next is decoded. */
const ahead = 2;

/**
 * Decodes photos a little ahead of whoever takes them, in their order; one that cannot be decoded does not hold up the rest.
 * Progress counts those that were taken and are done with.
 */
export async function* decodeAhead<Pixels>(
  photos: readonly RawPhoto[],
  decode: (bytes: Uint8Array) => Promise<Pixels>,
  { progress, signal }: Pick<TaskContext, 'progress' | 'signal'>,
): AsyncGenerator<DecodedPhoto<Pixels>> {
  const decoded: Promise<DecodedPhoto<Pixels>>[] = [];
  const begin = ({ id, bytes }: RawPhoto): void => {
    decoded.push(patiently(() => decode(bytes)).then((pixels) => ({ id, pixels })));
  };
  photos.slice(0, ahead).forEach(begin);
  for (let done = 0; done < photos.length; done += 1) {
    signal.throwIfAborted();
    const photo = await decoded.shift();
    photos.slice(done + ahead, done + ahead + 1).forEach(begin);
    if (photo !== undefined) yield photo;
    progress(done + 1, photos.length);
  }
}

async function patiently<Pixels>(decode: () => Promise<Pixels>): Promise<Pixels | Fault> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await decode();
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.disposition === 'terminal' || attempt === attempts) return fault;
    }
  }
}
