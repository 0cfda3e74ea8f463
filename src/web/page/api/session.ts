import { computed, signal } from '@preact/signals';
import { ApiError, call, tokenWanted } from './call.ts';

/** Who this browser is to the node, and what it may do. */
export interface Session {
  /** Of the token; missing for anybody on the node's own machine. */
  readonly name?: string;
  readonly role: 'viewer' | 'submitter' | 'operator';
}

/** Who this browser is; `undefined` while that is not known. */
export const session = signal<Session>();

/**
 * The token that this page was opened with, or was given; never stored. A node that was started again knows no sessions, and
 * is told it once more.
 */
const token = signal<string>();

/** Whether somebody has to give a token before the page can go on. */
export const asksForToken = computed(() => tokenWanted.value && token.value === undefined);

/** Finds out who this browser is, by the token at the end of the address if there is one. */
export async function beginSession(): Promise<void> {
  const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  // Not kept where somebody may read it.
  if (given !== undefined) history.replaceState(null, '', '#/photos');
  try {
    if (given === undefined) await loadSession();
    else await signIn(given);
  } catch {
    // The requests of the page find out as well, and say so where it is seen.
  }
  tokenWanted.subscribe((isWanted) => {
    if (isWanted) void renew();
  });
}

async function renew(): Promise<void> {
  if (token.value === undefined) return;
  try {
    await signIn(token.value);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) token.value = undefined;
    else setTimeout(() => void renew(), renewPauseMs);
  }
}

const renewPauseMs = 1_000;

async function loadSession(): Promise<void> {
  session.value = await call<Session>('session');
}

/** Opens a session with a token. @throws ApiError */
export async function signIn(given: string): Promise<void> {
  session.value = await call<Session>('session', { method: 'POST', body: { token: given } });
  token.value = given;
  tokenWanted.value = false;
}

/** Ends the session. @throws ApiError */
export async function signOut(): Promise<void> {
  await call('session', { method: 'DELETE' });
  session.value = undefined;
  token.value = undefined;
  await loadSession();
}
