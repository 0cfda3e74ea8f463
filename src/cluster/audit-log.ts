import { appendFile, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { snapshot } from '../runtime/index.ts';

/** What somebody is about to do to the cluster. */
export interface Act {
  /** The subject that asks for it, without version and node: `control.kill`, `models.activate`. */
  readonly act: string;
  /** What it is done to: the request. */
  readonly on: unknown;
  /** Who asks, as the client says. */
  readonly by: string | undefined;
}

const begun = z.object({
  id: z.string(),
  /** ms since the epoch */
  at: z.number(),
  node: z.string(),
  /** The NATS user that the server has let through. */
  role: z.string(),
  /** User and host, as the client says; nobody has checked it. */
  by: z.string().nullable(),
  act: z.string(),
  on: z.unknown(),
});
const ended = z.object({ id: z.string(), outcome: z.string(), tookMs: z.number() });
const line = z.union([begun, ended]);

/** One act: who, when, what, and what came of it; plain data. */
export interface AuditRecord extends z.infer<typeof begun> {
  /** `done`, or the sentence of the fault; `null` while it is carried out, and for ever if the node died of it. */
  readonly outcome: string | null;
  readonly tookMs: number | null;
}

/** What an audit log works with. */
export interface AuditLogOptions {
  /** The data folder. */
  readonly folder: string;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Of one file; then another is begun. Default 4 MiB. */
  readonly maxBytes?: number;
}

/** Files of earlier acts; older ones are gone. */
const keptFiles = 3;
const requestLimits = { depth: 3, items: 50, characters: 200, values: 100 };

/**
 * Who has done what to this node: JSON lines, only ever appended to, in `audit.jsonl` of the data folder.
 *
 * An act is written down before it is carried out, and its outcome afterwards. A disk that cannot take the line is reported and
 * stops no act: somebody may be freeing it.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #maxBytes: number;
  /** Of the file, once it has been looked at. */
  #bytes: number | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
  }

  /**
   * Carries out an act, on record.
   * @throws what `work` throws
   */
  async carryOut<T>({ act, on, by }: Act, work: () => Promise<T>): Promise<T> {
    const { node, clock, log } = this.#options;
    const [id, since] = [randomId(), clock.monotonic()];
    const what = { act, on: snapshot(on, requestLimits), by: by ?? null };
    log.warn({ audit: what }, 'an operator acts on this node');
    await this.#append({ id, at: clock.now(), node, role: 'operator', ...what });
    let outcome = 'done';
    try {
      return await work();
    } catch (error) {
      outcome = Fault.from(error).message;
      throw error;
    } finally {
      await this.#append({ id, outcome, tookMs: Math.round(clock.monotonic() - since) });
    }
  }

  /** The latest `limit` acts, oldest first. */
  async read(limit: number): Promise<readonly AuditRecord[]> {
    const records = new Map<string, AuditRecord>();
    for (let age = keptFiles; age >= 0; age -= 1)
      for (const entry of await entriesOf(this.#file(age))) {
        const before = records.get(entry.id);
        if ('act' in entry) records.set(entry.id, { ...entry, outcome: null, tookMs: null });
        else if (before !== undefined) records.set(entry.id, { ...before, ...entry });
      }
    return [...records.values()].slice(-limit);
  }

  /** One line after the other, in the order of the calls. */
  #append(entry: object): Promise<void> {
    this.#last = this.#last
      .then(() => this.#write(JSON.stringify(entry)))
      .catch((error: unknown) => {
        this.#bytes = undefined;
        this.#options.log.error({ fault: Fault.from(error).toWire(), entry }, 'an act is not on record');
      });
    return this.#last;
  }

  async #write(text: string): Promise<void> {
    const file = this.#file(0);
    // What was there before may have been cut in the middle of a line.
    const start = this.#bytes === undefined ? '\n' : '';
    this.#bytes ??= (await stat(file).catch(() => undefined))?.size ?? 0;
    const added = Buffer.from(`${this.#bytes === 0 ? '' : start}${text}\n`);
    if (this.#bytes + added.length > this.#maxBytes) {
      await this.#rotate();
      this.#bytes = 0;
    }
    await appendFile(file, added, { mode: 0o600 });
    this.#bytes += added.length;
  }

  async #rotate(): Promise<void> {
    for (let age = keptFiles - 1; age >= 0; age -= 1)
      await rename(this.#file(age), this.#file(age + 1)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
  }

  /** 0 is the file that is written. */
  #file(age: number): string {
    return join(this.#options.folder, age === 0 ? 'audit.jsonl' : `audit.${String(age)}.jsonl`);
  }
}

async function entriesOf(file: string): Promise<z.infer<typeof line>[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  return text.split('\n').flatMap((one) => parsed(one));
}

/** Nothing for a line that was cut, or that another version has written. */
function parsed(text: string): z.infer<typeof line>[] {
  try {
    const { success, data } = line.safeParse(JSON.parse(text));
    return success ? [data] : [];
  } catch {
    return [];
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
