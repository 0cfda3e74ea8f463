import { type FileHandle, open } from 'node:fs/promises';
import { Fault } from '../../base/errors.ts';
import { writeFault } from '../../base/write-fault.ts';

/** A file that grows; what was appended after the last sync may be gone after a crash, and is cut off then. */
export class AppendFile {
  readonly #file: string;
  readonly #handle: FileHandle;
  #length: number;

  private constructor(file: string, handle: FileHandle, length: number) {
    this.#file = file;
    this.#handle = handle;
    this.#length = length;
  }

  /**
   * Opens it, and cuts off what is behind a length; 0 makes it anew.
   * @throws Fault `FILE_READ` if it is shorter; `DISK_FULL`, `FILE_WRITE`
   */
  static async open(file: string, length: number): Promise<AppendFile> {
    try {
      const handle = await open(file, length === 0 ? 'w' : 'r+');
      const { size } = await handle.stat();
      if (size >= length) {
        await handle.truncate(length);
        return new AppendFile(file, handle, length);
      }
      await handle.close();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
        throw writeFault(file, error);
    }
    throw new Fault('FILE_READ', {
      file,
      reason: 'what the run has written there before is gone; begin another run',
    });
  }

  get length(): number {
    return this.#length;
  }

  /** @throws Fault `DISK_FULL`, `FILE_WRITE`; open it again then */
  async append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    await this.#try(async () => {
      for (let from = 0; from < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, from, bytes.length - from, this.#length);
        from += bytesWritten;
        this.#length += bytesWritten;
      }
    });
  }

  /** Durable when resolved. */
  async sync(): Promise<void> {
    await this.#try(() => this.#handle.datasync());
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw writeFault(this.#file, error);
    }
  }
}
