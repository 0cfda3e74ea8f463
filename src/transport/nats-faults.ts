import { ErrorCode, NatsError } from 'nats';
import { Fault, reasonOf } from '../base/errors.ts';

/** What the sentence of a fault needs to know. */
export interface FaultContext {
  /** The server, without password. */
  readonly url: string;
  readonly role: string;
  /** What was published, requested or subscribed to. */
  readonly subject: string;
}

/** Error codes of the JetStream API that stand for one fault. */
const apiCodes = {
  insufficientResources: 10_023,
  storageExceeded: 10_047,
  accountLimits: 10_002,
  messageTooLarge: 10_054,
  storeFailed: 10_077,
  notAvailable: 10_008,
  notEnabled: 10_039,
  sequenceNotFound: 10_043,
  messageDeleteFailed: 10_057,
  wrongSequence: 10_071,
  noPeers: 10_005,
  notClustered: 10_074,
} as const;

const unreachable = new Set<string>([
  ErrorCode.Timeout,
  ErrorCode.Disconnect,
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionDraining,
  ErrorCode.ConnectionRefused,
  ErrorCode.ConnectionTimeout,
  ErrorCode.Cancelled,
  ErrorCode.NoResponders,
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
]);

/** Why TLS refuses the certificate of a server, by the code of OpenSSL or Node.js. */
const certificateProblems = new Map([
  ['CERT_HAS_EXPIRED', 'it has expired; its node renews it when it is started again'],
  ['CERT_NOT_YET_VALID', 'it is not valid yet; compare the clocks of both machines'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'it is for other addresses'],
  ...[
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_SIGNATURE_FAILURE',
  ].map((code) => [code, 'its issuer is not the one that is trusted here'] as const),
]);

/** What the NATS client threw, as a fault. */
export function natsFault(thrown: unknown, context: FaultContext): Fault {
  if (thrown instanceof Fault) return thrown;
  const code = codeOf(thrown);
  if (thrown instanceof NatsError) {
    if (thrown.isAuthError() || thrown.isAuthTimeout())
      return new Fault('NATS_LOGIN', { url: context.url }, thrown);
    if (thrown.isPermissionError())
      return new Fault('NATS_DENIED', { subject: context.subject, role: roleFor(context.role) }, thrown);
    const api = thrown.api_error;
    if (api?.err_code !== undefined) return storeFault(api.err_code, api.description, context, thrown);
  }
  const certificateProblem = certificateProblems.get(code);
  if (certificateProblem !== undefined)
    return new Fault('NATS_CERTIFICATE', { url: context.url, reason: certificateProblem }, thrown);
  if (unreachable.has(code)) {
    const reason = code === '503' ? `nothing answers for ${context.subject}` : reasonOf(thrown).toLowerCase();
    return new Fault('NATS_UNREACHABLE', { url: context.url, reason }, thrown);
  }
  return Fault.from(thrown);
}

const notThere = new Set<number>([apiCodes.sequenceNotFound, apiCodes.messageDeleteFailed]);

/** Whether the JetStream API said that the thing asked for is not there. */
export function isNotFound(thrown: unknown): boolean {
  if (!(thrown instanceof NatsError)) return false;
  const { api_error: api } = thrown;
  return api?.code === 404 || notThere.has(api?.err_code ?? 0) || thrown.code === '404';
}

function storeFault(code: number, description: string, context: FaultContext, cause: unknown): Fault {
  switch (code) {
    case apiCodes.insufficientResources:
    case apiCodes.storageExceeded:
    case apiCodes.accountLimits:
      return new Fault('DISK_RESERVE', { reason: description }, cause);
    case apiCodes.noPeers:
    case apiCodes.notClustered:
      return new Fault('REPLICAS', { reason: description }, cause);
    case apiCodes.messageTooLarge:
      return new Fault('REQUEST_INVALID', { reason: description }, cause);
    case apiCodes.storeFailed:
      return description.includes('maximum')
        ? new Fault('QUEUE_FULL', {}, cause)
        : new Fault('DISK_RESERVE', { reason: description }, cause);
    case apiCodes.notAvailable:
    case apiCodes.notEnabled:
      return new Fault('NATS_UNREACHABLE', { url: context.url, reason: description }, cause);
    default:
      return new Fault('INTERNAL', { reason: `${description} (${context.subject})` }, cause);
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

function roleFor(role: string): string {
  return role === 'submitter' ? 'operator' : role;
}

/** Whether a KV write was refused because somebody else wrote that key first. */
export function isWrongRevision(thrown: unknown): boolean {
  return thrown instanceof NatsError && thrown.api_error?.err_code === apiCodes.wrongSequence;
}
