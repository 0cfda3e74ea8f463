import { Fault } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import type { PhotoResult } from '../transport/payloads.ts';
import type { Submitted } from '../transport/photo-submitter.ts';
import type { Expectation } from '../transport/result-waiter.ts';
import type { Gateway } from './gateway.ts';
import { errorOf } from './http-faults.ts';

/** A photo that has come in by HTTP. */
export interface IncomingPhoto {
  readonly file: string;
  readonly id?: string | undefined;
  /** Whose it is. */
  readonly owner?: string | undefined;
  readonly bytes: Buffer;
}

/** Why a photo was not stored, or has no tags. */
export interface PhotoFailure {
  readonly file: string;
  readonly error: ReturnType<typeof errorOf>;
}

/** What became of a photo, as it is answered. */
export type PhotoOutcome =
  | { readonly id: string; readonly file: string; readonly state: 'stored'; readonly duplicate: boolean }
  | PhotoResult
  | PhotoFailure;

/** How photos are taken in. */
export interface IntakeOptions {
  /** Whether their tags are waited for. */
  readonly wait: boolean;
  /** Whether it is taken although the same photo was sent a moment ago. */
  readonly again: boolean;
  /** Ends that, when nobody is there any more to be told. */
  readonly gone: AbortSignal;
}

/** A photo on its way. */
export interface Intake {
  /** Settles when the bytes of the photo are not needed any more; never rejects. */
  readonly sent: Promise<unknown>;
  /** What became of it; never rejects. */
  readonly outcome: Promise<PhotoOutcome>;
}

/** Stores a photo, and waits for its tags if that is wanted; what goes wrong is its outcome. */
export function takeIn(
  { submitter, waiter }: Gateway,
  photo: IncomingPhoto,
  { wait, again, gone }: IntakeOptions,
): Intake {
  const { file, bytes, id } = photo;
  const expected = wait
    ? waiter.expect({ id: id ?? sha256(bytes), file, anyResult: id === undefined })
    : undefined;
  const submitted = submitter.submit({
    ...photo,
    ...(wait ? { client: waiter.client } : {}),
    ...(again ? { rerun: Date.now() } : {}),
  });
  // Nothing that waits for tags may hold the bytes.
  return { sent: submitted.catch(() => undefined), outcome: outcomeOf(file, submitted, expected, gone) };
}

/** The outcome of a photo that did not come in. */
export function failureOf(file: string, fault: Fault): PhotoFailure {
  return { file, error: errorOf(fault) };
}

async function outcomeOf(
  file: string,
  submitting: Promise<Submitted>,
  expected: Expectation | undefined,
  gone: AbortSignal,
): Promise<PhotoOutcome> {
  try {
    const submitted = await submitting;
    if (expected === undefined)
      return { id: submitted.id, file, state: 'stored', duplicate: submitted.duplicate };
    expected.acknowledged(submitted);
    return await Promise.race([expected.result, untilAborted(gone)]);
  } catch (error) {
    return failureOf(file, Fault.from(error));
  } finally {
    expected?.cancel();
  }
}

function untilAborted(gone: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    gone.addEventListener('abort', () => {
      reject(new Fault('CANCELLED', { what: 'request' }));
    });
  });
}
