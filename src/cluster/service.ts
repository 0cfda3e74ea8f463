import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Behaviour } from '../runtime/index.ts';
import type { Connection } from '../transport/connection.ts';
import { serve } from '../transport/requests.ts';
import type { Handler, Served } from '../transport/requests.ts';
import { subjects } from '../transport/subjects.ts';
import type { RequestName, Role, SubjectTokens } from '../transport/subjects.ts';
import type { AuditLog } from './audit-log.ts';

/** One subject that a service answers, ready to be served. */
export type Endpoint = (connection: Connection, log: Log, audit: AuditLog) => Served;

/** How an endpoint is served. */
export interface EndpointOptions {
  /** Whether all nodes answer, rather than one of them. */
  readonly everyNode?: boolean;
  /** For what an operator alone may ask for and yet is no act: it looks only, or is a part of what is on record already. */
  readonly unaudited?: boolean;
}

/** Any node of the cluster may answer: each request goes to one of those that serve it. */
const anyNode = 'nodes';

/** An endpoint of which one node answers; with `everyNode` all do. What an operator alone may ask for is audited. */
export function endpoint<Name extends RequestName>(
  name: Name,
  tokens: SubjectTokens<Name>,
  handler: Handler<Name>,
  options: EndpointOptions = {},
): Endpoint {
  const isAct = isOperators(name) && options.unaudited !== true;
  return (connection, log, audit) =>
    serve(connection, name, tokens, isAct ? audited(name, handler, audit) : handler, {
      ...(options.everyNode === true ? {} : { queueGroup: anyNode }),
      onTrouble: (fault) => {
        log.error({ fault: fault.toWire(), subject: name }, 'the subject is not served');
      },
    });
}

function isOperators(name: RequestName): boolean {
  const may: readonly Role[] = subjects[name].publish;
  return may.every((role) => role === 'operator');
}

function audited<Name extends RequestName>(
  name: Name,
  handler: Handler<Name>,
  audit: AuditLog,
): Handler<Name> {
  return (request, tokens, by) =>
    audit.carryOut({ act: actOf(name, tokens), on: request, by }, () => handler(request, tokens, by));
}

/** `control.kill` of `autotag.v1.control.{node}.{verb}`: the node has a place of its own in the record. */
function actOf<Name extends RequestName>(name: Name, tokens: SubjectTokens<Name>): string {
  const { verb = '' }: Readonly<Record<string, string>> = tokens;
  const parts = subjects[name].pattern.split('.').slice(2);
  return parts
    .filter((part) => part !== '{node}')
    .map((part) => (part === '{verb}' ? verb : part))
    .join('.');
}

/** What a service works with. */
export interface ServiceArgument {
  readonly connection: Connection;
  readonly endpoints: readonly Endpoint[];
  readonly audit: AuditLog;
}

/** Answers requests on subjects while it runs; what handlers throw reaches the caller as a fault. */
export const service: Behaviour<readonly Served[], never, ServiceArgument> = {
  kind: 'service',
  init: async ({ connection, endpoints, audit }, { log }) => {
    const served = endpoints.map((serveIt) => serveIt(connection, log, audit));
    await Promise.all(served.map(({ ready }) => ready));
    return served;
  },
  receive: (_state, message) => {
    throw new Fault('INTERNAL', { reason: `a service takes no messages (${String(message)})` });
  },
  terminate: async (served) => {
    await Promise.all(served.map((one) => one.stop()));
  },
  describe: (served) => ({ subjects: served.length }),
};
