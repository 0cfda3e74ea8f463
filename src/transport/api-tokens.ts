import { randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { systemClock, type Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import { shownApiToken, type ApiTokenWish, type ShownApiToken } from './api-token.ts';
import type { Connection } from './connection.ts';
import { JsonBucket, type Revised } from './json-bucket.ts';

const keptToken = shownApiToken.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
type KeptToken = z.infer<typeof keptToken>;
const record = z.object({ tokens: z.array(keptToken) });

const bucket = 'AUTOTAG_API';
const key = 'tokens';
const tokensAtMost = 1_000;
const randomTokenBytes = 32;
/** For whoever looks for secrets in what was published by mistake. */
const prefix = 'autotag_';
/** How long a token that was removed may still be taken, ms. */
const memoryMs = 1_000;
const tries = 10;

/**
 * The tokens of the HTTP API: their names, roles and SHA-256, in JetStream KV. A token is 256 random bits, so that its hash
 * can be turned back by nobody; it is shown when it is made, and not kept.
 */
export class ApiTokens {
  readonly #bucket: JsonBucket<z.infer<typeof record>>;
  readonly #clock: Clock;
  #read: { readonly at: number; readonly tokens: Promise<readonly KeptToken[]> } | undefined;

  private constructor(opened: JsonBucket<z.infer<typeof record>>, clock: Clock) {
    this.#bucket = opened;
    this.#clock = clock;
  }

  /**
   * Opens the bucket, or creates it.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
   */
  static async open(
    connection: Connection,
    { replicas = 1, clock = systemClock }: { readonly replicas?: number; readonly clock?: Clock } = {},
  ): Promise<ApiTokens> {
    return new ApiTokens(await JsonBucket.open(connection, bucket, record, { replicas }), clock);
  }

  /**
   * Makes a token.
   * @returns the token itself, which is nowhere else
   * @throws Fault `REQUEST_INVALID` (the name is taken, or there are too many), `NATS_UNREACHABLE`
   */
  async add({ name, role }: ApiTokenWish): Promise<ShownApiToken & { readonly token: string }> {
    const token = `${prefix}${randomBytes(randomTokenBytes).toString('base64url')}`;
    const shown = { name, role, createdAt: this.#clock.now() };
    await this.#change((tokens) => {
      if (tokens.some((one) => one.name === name))
        throw new Fault('REQUEST_INVALID', { reason: `there is a token named ${name} already` });
      if (tokens.length >= tokensAtMost)
        throw new Fault('REQUEST_INVALID', { reason: `there are ${String(tokensAtMost)} tokens already` });
      return [...tokens, { ...shown, sha256: sha256(token) }];
    });
    return { ...shown, token };
  }

  /**
   * Removes a token: within a second no node takes it any more.
   * @throws Fault `NOT_FOUND`, `NATS_UNREACHABLE`
   */
  async remove(name: string): Promise<ShownApiToken> {
    const before = await this.#change((tokens) => tokens.filter((one) => one.name !== name));
    const removed = before.find((one) => one.name === name);
    if (removed === undefined) throw new Fault('NOT_FOUND', { what: 'token', id: name });
    return shownOf(removed);
  }

  /**
   * Names and roles, the oldest first; at most a second old.
   * @throws Fault `NATS_UNREACHABLE`, `RECORD_UNREADABLE`
   */
  async list(): Promise<readonly ShownApiToken[]> {
    return (await this.#recent()).map(shownOf);
  }

  /**
   * Whose token this is, `undefined` if nobody's. All of them are compared, in a time that tells nothing of them.
   * @throws Fault `NATS_UNREACHABLE`, `RECORD_UNREADABLE`
   */
  async find(token: string): Promise<ShownApiToken | undefined> {
    const digest = Buffer.from(sha256(token));
    const found = (await this.#recent()).filter((one) => timingSafeEqual(digest, Buffer.from(one.sha256)));
    return found[0] === undefined ? undefined : shownOf(found[0]);
  }

  #recent(): Promise<readonly KeptToken[]> {
    const at = this.#clock.monotonic();
    if (this.#read === undefined || at - this.#read.at >= memoryMs)
      this.#read = { at, tokens: this.#stored().then(({ value }) => value.tokens) };
    return this.#read.tokens;
  }

  async #stored(): Promise<Revised<z.infer<typeof record>>> {
    return (await this.#bucket.get(key)) ?? { value: { tokens: [] }, revision: 0 };
  }

  /** Answers what there was before. */
  async #change(change: (tokens: readonly KeptToken[]) => KeptToken[]): Promise<readonly KeptToken[]> {
    for (let left = tries; left > 0; left -= 1) {
      const { value, revision } = await this.#stored();
      const written = await this.#bucket.put(key, { tokens: change(value.tokens) }, revision);
      this.#read = undefined;
      if (written !== undefined) return value.tokens;
    }
    throw new Fault('INTERNAL', { reason: 'the tokens were changed by others all the time' });
  }
}

function shownOf({ name, role, createdAt }: KeptToken): ShownApiToken {
  return { name, role, createdAt };
}
