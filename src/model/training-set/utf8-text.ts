import { isUtf8 } from 'node:buffer';

/** Bytes as text, or `undefined` if they are no UTF-8: replacement characters would make two names one. */
export function textOf(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    : undefined;
}
