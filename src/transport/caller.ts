import { hostname, userInfo } from 'node:os';
import { headers, type Msg, type MsgHdrs } from 'nats';
import { decodeName, encodeName } from '../base/ids.ts';

const callerHeader = 'Autotag-Caller';
const maxCharacters = 200;

/**
 * Headers that say who asks: by default the user and the host of this process. The server lets anybody say anything: it is
 * no proof.
 */
export function callerHeaders(caller = callerName()): MsgHdrs {
  const made = headers();
  made.set(callerHeader, encodeName(caller));
  return made;
}

/** The user and the host of this process. */
export function callerName(): string {
  return `${userName()}@${hostname()}`;
}

/** Who asks, as the message says. */
export function callerOf(message: Msg): string | undefined {
  const token = message.headers?.get(callerHeader) ?? '';
  return token === '' ? undefined : decodeName(token).slice(0, maxCharacters);
}

// A user without an entry in the machine's list has a number only.
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
