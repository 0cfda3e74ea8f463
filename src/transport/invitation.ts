import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { Fault } from '../base/errors.ts';

const schema = z.object({
  url: z.string().startsWith('tls://').max(2048),
  user: z.string().min(1).max(256),
  pass: z.string().min(1).max(256),
  authority: z.string().startsWith('-----BEGIN CERTIFICATE-----').max(16_384),
});

/** What another machine needs to reach a cluster. It holds a password. */
export interface Invitation {
  /** `tls://host:port`, or a comma-separated list of them, without credentials. */
  readonly url: string;
  readonly user: string;
  readonly pass: string;
  /** Certificate of the authority that issues the servers' certificates, PEM: no other is trusted. */
  readonly authority: string;
}

const prefix = 'autotag1.';
const maxTokenLength = 16_384;
const maxContentBytes = 32_768;

/** An invitation as one word, which stands wherever the URL of a cluster does. Keep it out of logs. */
export function invitationToken(invitation: Invitation): string {
  return prefix + gzipSync(JSON.stringify(invitation), { level: 9 }).toString('base64url');
}

/** Whether a text is meant as a token, and not as a URL. */
export function isToken(text: string): boolean {
  return text.trim().startsWith(prefix);
}

/**
 * Reads a token. Its compression has a checksum, so one that is cut or mistyped is noticed here.
 * @throws Fault `USAGE`
 */
export function readToken(text: string): Invitation {
  const token = text.trim();
  try {
    if (token.length > maxTokenLength) throw new RangeError('too long');
    const packed = Buffer.from(token.slice(prefix.length), 'base64url');
    const content = gunzipSync(packed, { maxOutputLength: maxContentBytes }).toString('utf8');
    return schema.parse(JSON.parse(content));
  } catch (error) {
    const reason =
      'The token autotag1.… is cut or damaged; copy all of it, or have it printed again by `cluster invite`.';
    throw new Fault('USAGE', { reason }, error);
  }
}
