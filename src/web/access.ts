import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import type { ApiTokens } from '../transport/api-tokens.ts';
import { mayAs, type ApiRole } from '../transport/api-token.ts';

/** Who asks. */
export interface Principal {
  /** Of the token; `undefined` for anybody on this machine. */
  readonly name: string | undefined;
  readonly role: ApiRole;
}

/** How access is decided. */
export interface AccessOptions {
  /** Of the cluster. @throws Fault `NATS_UNREACHABLE` while it cannot be reached */
  readonly tokens: () => ApiTokens;
  /** Whether nobody else than this machine can ask: as long as there are no tokens, none is needed then. */
  readonly local: boolean;
}

interface Session {
  readonly token: string;
  readonly expiresAt: number;
}

const cookieName = 'autotag_session';
const sessionMs = 12 * 3_600_000;
const sessionsAtMost = 1_000;
const secretBytes = 32;

/**
 * Who may do what: a token says so, or a session that was opened with one, since a browser sends a cookie where it sends no
 * header of a page's choice (pictures, event streams). On loopback, before the first token is made, anybody is a submitter,
 * as on loopback of NATS.
 */
export class Access {
  readonly #options: AccessOptions;
  /** By the SHA-256 of what the cookie holds, so that how long a look takes tells nothing of it; the oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /**
   * Whose request this is.
   * @throws Fault `TOKEN_MISSING`, `TOKEN_UNKNOWN`, `NATS_UNREACHABLE`
   */
  async principal(request: FastifyRequest): Promise<Principal> {
    const token = bearerOf(request) ?? this.#sessionOf(request)?.token;
    if (token !== undefined) return await this.#ownerOf(token);
    const { local, tokens } = this.#options;
    if (local && !isForwarded(request) && (await tokens().list()).length === 0)
      return { name: undefined, role: 'submitter' };
    throw new Fault('TOKEN_MISSING');
  }

  /**
   * Opens a session.
   * @returns the cookie to set
   * @throws Fault `TOKEN_UNKNOWN`, `NATS_UNREACHABLE`
   */
  async open(
    token: string,
    secure: boolean,
  ): Promise<{ readonly principal: Principal; readonly cookie: string }> {
    const principal = await this.#ownerOf(token);
    const secret = randomBytes(secretBytes).toString('base64url');
    this.#sessions.set(sha256(secret), { token, expiresAt: performance.now() + sessionMs });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > sessionsAtMost && oldest !== undefined) this.#sessions.delete(oldest);
    return { principal, cookie: cookieOf(secret, sessionMs / 1_000, secure) };
  }

  /** Ends the session of a request, if it has one; answers the cookie that clears it. */
  close(request: FastifyRequest, secure: boolean): string {
    this.#sessions.delete(sha256(secretOf(request) ?? ''));
    return cookieOf('', 0, secure);
  }

  async #ownerOf(token: string): Promise<Principal> {
    const owner = await this.#options.tokens().find(token);
    if (owner === undefined) throw new Fault('TOKEN_UNKNOWN');
    return owner;
  }

  #sessionOf(request: FastifyRequest): Session | undefined {
    const secret = secretOf(request);
    if (secret === undefined) return undefined;
    const session = this.#sessions.get(sha256(secret));
    return session !== undefined && session.expiresAt > performance.now() ? session : undefined;
  }
}

/** @throws Fault `ROLE_MISSING` */
export function checkRole({ name = 'this machine', role }: Principal, needed: ApiRole): void {
  if (!mayAs(role, needed)) throw new Fault('ROLE_MISSING', { needed, name, role });
}

/** Whether a proxy has said that it asks for somebody else. */
function isForwarded({ headers }: FastifyRequest): boolean {
  return ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined);
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  const token = /^Bearer +([\w.~+/-]{1,512}=*)$/i.exec(authorization)?.[1];
  if (token === undefined) throw new Fault('TOKEN_MISSING');
  return token;
}

function secretOf({ headers }: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|; *)${cookieName}=([\\w-]{43})(?:;|$)`).exec(headers.cookie ?? '')?.[1];
}

function cookieOf(value: string, seconds: number, secure: boolean): string {
  const attributes = [
    `${cookieName}=${value}`,
    'Path=/',
    `Max-Age=${String(seconds)}`,
    'HttpOnly',
    'SameSite=Strict',
  ];
  return [...attributes, ...(secure ? ['Secure'] : [])].join('; ');
}
