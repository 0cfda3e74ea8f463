import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Fault, reasonOf } from '../base/errors.ts';
import { maxNameBytes } from '../base/ids.ts';
import type { IncomingPhoto } from './photo-intake.ts';
import type { UploadBudget } from './upload-budget.ts';

/** A photo as it has come in, or why it has not; whoever takes its bytes gives their room back. */
export type UploadedPhoto = IncomingPhoto | { readonly file: string; readonly fault: Fault };

/** Limits of an upload. */
export interface UploadLimits {
  readonly maxPhotoBytes: number;
  readonly budget: UploadBudget;
}

/** Of all photos of one request. */
export const maxUploadBytes = 256 * 1024 * 1024;
const photosAtMost = 1_000;
/** An id and an owner for each. */
const fieldsAtMost = 2 * photosAtMost;
const fieldNameBytes = 64;

/**
 * The photos of a multipart request, one after the other as they come in. A photo that is too large, or that there is no
 * room for, is passed over and costs only itself. A field `id` belongs to the file behind it, a field `owner` to all files
 * behind it.
 * @throws Fault `UPLOAD_TOO_LARGE` at once where the request says its length, else when so many bytes have come;
 * `REQUEST_INVALID`; errors of the parser with a status
 */
export async function* uploadedPhotos(
  request: FastifyRequest,
  limits: UploadLimits,
): AsyncGenerator<UploadedPhoto> {
  const parts = request.parts({
    limits: {
      fileSize: limits.maxPhotoBytes,
      files: photosAtMost,
      fields: fieldsAtMost,
      parts: photosAtMost + fieldsAtMost,
      // One that is too long must not become another one.
      fieldSize: maxNameBytes + 1,
      fieldNameSize: fieldNameBytes,
    },
  });
  let id: string | undefined;
  let owner: string | undefined;
  try {
    for await (const part of parts) {
      if (part.type === 'field') {
        if (part.fieldname === 'id') id = String(part.value);
        if (part.fieldname === 'owner') owner = String(part.value);
        continue;
      }
      const file = part.filename === '' ? part.fieldname : part.filename;
      yield await read(part, { file, id, owner }, limits);
      id = undefined;
    }
  } catch (error) {
    // The parser has errors with a status, and others for what it cannot make sense of.
    if (error instanceof Error && 'statusCode' in error) throw error;
    throw new Fault('REQUEST_INVALID', { reason: `the form cannot be read (${reasonOf(error)})` }, error);
  }
}

async function read(
  { file: stream }: MultipartFile,
  named: Omit<IncomingPhoto, 'bytes'>,
  { maxPhotoBytes, budget }: UploadLimits,
): Promise<UploadedPhoto> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let fault: Fault | undefined;
  try {
    // Read to its end in any case, since the parts behind it wait for that.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      fault ??= budget.take(chunk.length);
      if (fault !== undefined) continue;
      bytes += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    budget.give(bytes);
    throw error;
  }
  if (stream.truncated)
    fault ??= new Fault('PHOTO_TOO_LARGE', { bytes: `over ${String(bytes)}`, limit: maxPhotoBytes });
  if (fault === undefined) return { ...named, bytes: Buffer.concat(chunks, bytes) };
  budget.give(bytes);
  return { file: named.file, fault };
}

/**
 * Calls `onExceeded` when a request has sent more bytes than {@link maxUploadBytes}; the answer ends the count.
 * @throws Fault `UPLOAD_TOO_LARGE` if it says beforehand that it will
 */
export function limitUpload(
  { raw, headers }: FastifyRequest,
  onExceeded: (fault: Fault) => void,
): () => void {
  const fault = new Fault('UPLOAD_TOO_LARGE', { limit: maxUploadBytes });
  if (Number(headers['content-length'] ?? 0) > maxUploadBytes) throw fault;
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxUploadBytes) onExceeded(fault);
  };
  raw.on('data', count);
  return () => raw.off('data', count);
}
