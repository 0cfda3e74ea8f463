import { open } from 'node:fs/promises';
import { Fault, reasonOf } from '../../base/errors.ts';
import type { IdMark } from './seen-ids.ts';

/** A photo of a run, and whether it needs no other try: it has a line, or was passed over. */
export interface LedgerPhoto extends IdMark {
  readonly isDone: boolean;
}

/*
 * A ledger has for each photo id: f64 hash, u32 check in the upper 31 bits and whether it is done in the lowest; little-endian.
 */
const entryBytes = 12;
const entriesAtOnce = 4_096;

/** Photos as a part of a ledger. */
export function ledgerEntries(photos: readonly LedgerPhoto[]): Buffer {
  const entries = Buffer.alloc(entryBytes * photos.length);
  for (const [index, { hash, check, isDone }] of photos.entries()) {
    entries.writeDoubleLE(hash, index * entryBytes);
    entries.writeUInt32LE(2 * check + (isDone ? 1 : 0), index * entryBytes + 8);
  }
  return entries;
}

/**
 * The photos of a ledger.
 * @param bytes - how much of it counts
 * @throws Fault `FILE_READ`
 */
export async function* readLedger(file: string, bytes: number): AsyncGenerator<LedgerPhoto> {
  if (bytes === 0) return;
  try {
    const handle = await open(file);
    try {
      const buffer = Buffer.alloc(entriesAtOnce * entryBytes);
      for (let at = 0; at < bytes;) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
        const whole = bytesRead - (bytesRead % entryBytes);
        if (whole === 0) throw new Error('it is shorter than it was');
        for (let entry = 0; entry < whole; entry += entryBytes) yield photoAt(buffer, entry);
        at += whole;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

function photoAt(entries: Buffer, offset: number): LedgerPhoto {
  const word = entries.readUInt32LE(offset + 8);
  return { hash: entries.readDoubleLE(offset), check: word >>> 1, isDone: word % 2 === 1 };
}
