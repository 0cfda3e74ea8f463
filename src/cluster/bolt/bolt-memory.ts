import { readFile } from 'node:fs/promises';
import type { CancelTimer, Clock } from '../../base/clock.ts';

const intervalMs = 1_000;

/** What a process may take, and what follows when it takes more. */
export interface MemoryWatchOptions {
  readonly pid: number;
  /** Resident, bytes. */
  readonly limit: number;
  readonly clock: Clock;
  readonly onExceeded: (bytes: number) => void;
}

/** Looks at the memory of a process each second; where the system does not tell (no `/proc`), it has no limit. */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #cancel: CancelTimer = () => undefined;
  #stopped = false;
  #bytes: number | undefined;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#lookLater();
  }

  /** What it took at the last look. */
  get bytes(): number | undefined {
    return this.#bytes;
  }

  /** Looks now. */
  async look(): Promise<void> {
    const { pid, limit, onExceeded } = this.#options;
    const bytes = await residentBytes(pid);
    if (this.#stopped || bytes === undefined) return;
    this.#bytes = bytes;
    if (bytes > limit) onExceeded(bytes);
  }

  /** Looks no more. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #lookLater(): void {
    this.#cancel = this.#options.clock.after(intervalMs, () => {
      void this.look().then(() => {
        if (!this.#stopped) this.#lookLater();
      });
    });
  }
}

async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
