import { Fault, reasonOf } from './errors.ts';

/** No space, over a quota, over a limit on a file's size. */
const full = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Why a file could not be written: `DISK_FULL`, after which trying again may help, or `FILE_WRITE`; a fault stays itself. */
export function writeFault(file: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const isFull = error instanceof Error && 'code' in error && full.includes(String(error.code));
  return isFull
    ? new Fault('DISK_FULL', { file }, error)
    : new Fault('FILE_WRITE', { file, reason: reasonOf(error) }, error);
}
