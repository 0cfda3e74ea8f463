import { Fault } from '../base/errors.ts';
import { checkOwner, checkPhotoId, decodeName, encodeName, nameProblem, sha256 } from '../base/ids.ts';

/** The largest photo that any limit allows, in bytes: below `max_payload` (32 MiB) with room for headers. */
export const photoBytesCeiling = 24 * 1024 * 1024;

/** Room for the headers of a photo or dead letter, in bytes. */
export const headerBytes = 64 * 1024;

/** A photo as it is handed in. */
export interface Photo {
  readonly bytes: Uint8Array;
  /** 1 to 256 bytes of Unicode; the SHA-256 of the bytes in hex by default. */
  readonly id?: string | undefined;
  /** File name, for display only. */
  readonly file?: string | undefined;
  /** Whose it is: 1 to 256 bytes of Unicode, which searches ask for exactly so. */
  readonly owner?: string | undefined;
  /** Token under which the submitter listens for results, `[A-Za-z0-9_-]{1,64}`. */
  readonly client?: string | undefined;
  /** 0 for a first submit; a higher number is never taken for a double of a lower one. */
  readonly rerun?: number | undefined;
  /** How many of the best tags the result shall have, whatever their thresholds; 0 (default) for those above them. */
  readonly top?: number | undefined;
}

/** Header names and values of a message. */
export type Headers = Readonly<Record<string, string>>;

/** A photo ready to be published. */
export interface PhotoMessage {
  readonly id: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** `Nats-Msg-Id`: two messages with the same one inside the duplicate window are one. */
  readonly messageId: string;
}

/** What the headers of a stored photo say. */
export interface Envelope {
  readonly id: string;
  readonly file: string | undefined;
  readonly owner: string | undefined;
  readonly client: string | undefined;
  readonly rerun: number;
  /** See {@link Photo.top}. */
  readonly top: number;
  /** Why the photo cannot be tagged whatever its pixels are (foreign clients publish what they like). */
  readonly fault: Fault | undefined;
}

/** Header names of photos and dead letters. */
export const headerNames = {
  id: 'Autotag-Id',
  file: 'Autotag-File',
  owner: 'Autotag-Owner',
  client: 'Autotag-Client',
  rerun: 'Autotag-Rerun',
  top: 'Autotag-Top',
} as const;

const clientToken = /^[A-Za-z0-9_-]{1,64}$/;
const maxFileBytes = 4096;
const maxTop = 1_000;

/**
 * Checks a photo and wraps it for the stream.
 * @throws Fault `PHOTO_EMPTY`, `PHOTO_TOO_LARGE`, `PHOTO_ID`, `PHOTO_OWNER`, `REQUEST_INVALID` (client token, rerun number)
 */
export function sealPhoto(photo: Photo, maxPhotoBytes = photoBytesCeiling): PhotoMessage {
  const { bytes, client, owner, rerun = 0, top = 0 } = photo;
  checkSize(bytes.length, maxPhotoBytes);
  if (photo.id !== undefined) checkPhotoId(photo.id);
  if (owner !== undefined) checkOwner(owner);
  if (client !== undefined && !clientToken.test(client))
    throw new Fault('REQUEST_INVALID', { reason: 'the client token is not [A-Za-z0-9_-]{1,64}' });
  if (!Number.isSafeInteger(rerun) || rerun < 0)
    throw new Fault('REQUEST_INVALID', { reason: 'the rerun number is not a whole number' });
  if (!Number.isSafeInteger(top) || top < 0 || top > maxTop)
    throw new Fault('REQUEST_INVALID', { reason: `the number of best tags is not 0 to ${String(maxTop)}` });
  const digest = sha256(bytes);
  const id = photo.id ?? digest;
  const headers: Record<string, string> = { [headerNames.id]: encodeName(id) };
  if (photo.file !== undefined) headers[headerNames.file] = encodeName(shortened(photo.file));
  if (owner !== undefined) headers[headerNames.owner] = encodeName(owner);
  if (client !== undefined) headers[headerNames.client] = client;
  if (rerun > 0) headers[headerNames.rerun] = String(rerun);
  if (top > 0) headers[headerNames.top] = String(top);
  return {
    id,
    headers,
    bytes,
    messageId: messageIdOf([id, digest, ...(owner === undefined ? [] : [owner])], rerun),
  };
}

/** Reads the headers of a stored photo; what is wrong with them comes back as `fault`, never thrown. */
export function openEnvelope(header: (name: string) => string, bytes: Uint8Array): Envelope {
  const encodedId = header(headerNames.id);
  const givenId = encodedId === '' ? undefined : decodeExactly(encodedId);
  const problem = encodedId === '' ? undefined : idProblem(givenId);
  const owner = ownerIn(header(headerNames.owner));
  const id = givenId !== undefined && problem === undefined ? givenId : sha256(bytes);
  const client = header(headerNames.client);
  const rerun = Number(header(headerNames.rerun));
  const top = Number(header(headerNames.top));
  const file = decodeExactly(header(headerNames.file));
  return {
    id,
    file: file === undefined || file === '' ? undefined : file,
    owner: owner instanceof Fault ? undefined : owner,
    client: clientToken.test(client) ? client : undefined,
    rerun: Number.isSafeInteger(rerun) && rerun > 0 ? rerun : 0,
    top: Number.isSafeInteger(top) && top > 0 ? Math.min(top, maxTop) : 0,
    fault:
      problem !== undefined
        ? new Fault('PHOTO_ID', { reason: problem })
        : owner instanceof Fault
          ? owner
          : emptyFault(bytes),
  };
}

/**
 * Refuses an empty or too large photo by its size alone, so that a file need not be read to be refused.
 * @throws Fault `PHOTO_EMPTY`, `PHOTO_TOO_LARGE`
 */
export function checkSize(bytes: number, maxPhotoBytes = photoBytesCeiling): void {
  const limit = Math.min(maxPhotoBytes, photoBytesCeiling);
  if (bytes === 0) throw new Fault('PHOTO_EMPTY');
  if (bytes > limit) throw new Fault('PHOTO_TOO_LARGE', { bytes, limit });
}

/** The same photo (id, bytes and owner) has the same message id, unless it is run again on purpose. */
function messageIdOf(parts: readonly string[], rerun: number): string {
  const hash = sha256(parts.join('\0'));
  return rerun === 0 ? hash : `${hash}-${String(rerun)}`;
}

// Base64url decoders skip what they do not know: only what encodes back to itself was encoded by us.
function decodeExactly(encoded: string): string | undefined {
  const decoded = decodeName(encoded);
  return encodeName(decoded) === encoded ? decoded : undefined;
}

function idProblem(id: string | undefined): string | undefined {
  return id === undefined ? `in the header ${headerNames.id} is not base64url of UTF-8` : nameProblem(id);
}

/** Whose a photo is, or why that cannot be read: it would be found by nobody. */
function ownerIn(encoded: string): string | Fault | undefined {
  if (encoded === '') return undefined;
  const owner = decodeExactly(encoded);
  const problem =
    owner === undefined ? `in the header ${headerNames.owner} is not base64url of UTF-8` : nameProblem(owner);
  return problem === undefined ? owner : new Fault('PHOTO_OWNER', { reason: problem });
}

function emptyFault(bytes: Uint8Array): Fault | undefined {
  return bytes.length === 0 ? new Fault('PHOTO_EMPTY') : undefined;
}

function shortened(file: string): string {
  return Buffer.byteLength(file) <= maxFileBytes ? file : file.slice(-maxFileBytes / 4);
}
