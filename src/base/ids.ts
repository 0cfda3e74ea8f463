import { createHash, randomBytes } from 'node:crypto';
import { Fault } from './errors.ts';

/** The longest photo id or class name, in bytes of UTF-8. */
export const maxNameBytes = 256;

// Control characters, line and paragraph separators, lone surrogates: none of them survives a line-based format.
const forbidden = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** Why a photo id or class name cannot be used, or `undefined` if it can. */
export function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'is empty';
  // The byte length is at least the string's length, so a huge name is refused without encoding it.
  if (name.length > maxNameBytes || Buffer.byteLength(name) > maxNameBytes)
    return `is longer than ${String(maxNameBytes)} bytes`;
  if (forbidden.test(name)) return 'has control characters';
  return undefined;
}

/**
 * Checks a photo id.
 * @throws Fault `PHOTO_ID`
 */
export function checkPhotoId(id: string): string {
  const problem = nameProblem(id);
  if (problem !== undefined) throw new Fault('PHOTO_ID', { reason: problem });
  return id;
}

/**
 * Checks whose a photo is said to be.
 * @throws Fault `PHOTO_OWNER`
 */
export function checkOwner(owner: string): string {
  const problem = nameProblem(owner);
  if (problem !== undefined) throw new Fault('PHOTO_OWNER', { reason: problem });
  return owner;
}

/** A name as one token that is safe in a subject, a header and a file name (base64url of its UTF-8). */
export function encodeName(name: string): string {
  return Buffer.from(name, 'utf8').toString('base64url');
}

/** The inverse of {@link encodeName}. */
export function decodeName(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}

/** SHA-256 in lower-case hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Makes unique tokens; injected so that tests can name them. */
export type IdSource = () => string;

/** 96 random bits, base64url. */
export const randomId: IdSource = () => randomBytes(12).toString('base64url');
