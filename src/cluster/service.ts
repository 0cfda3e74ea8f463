import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Behaviour } from '../runtime/index.ts';
import type { Connection } from '../transport/connection.ts';
import { serve } from '../transport/requests.ts';
import type { Handler, Served } from '../transport/requests.ts';
import type { RequestName, SubjectTokens } from '../transport/subjects.ts';

/** One subject that a service answers, ready to be served. */
export type Endpoint = (connection: Connection, log: Log) => Served;

/** Any node of the cluster may answer: each request goes to one of those that serve it. */
const anyNode = 'nodes';

/** An endpoint of which one node answers; with `everyNode` all do. */
export function endpoint<Name extends RequestName>(
  name: Name,
  tokens: SubjectTokens<Name>,
  handler: Handler<Name>,
  options: { readonly everyNode?: boolean } = {},
): Endpoint {
  return (connection, log) =>
    serve(connection, name, tokens, handler, {
      ...(options.everyNode === true ? {} : { queueGroup: anyNode }),
      onTrouble: (fault) => {
        log.error({ fault: fault.toWire(), subject: name }, 'the subject is not served');
      },
    });
}

/** What a service works with. */
export interface ServiceArgument {
  readonly connection: Connection;
  readonly endpoints: readonly Endpoint[];
  readonly log: Log;
}

/** Answers requests on subjects while it runs; what handlers throw reaches the caller as a fault. */
export const service: Behaviour<readonly Served[], never, ServiceArgument> = {
  kind: 'service',
  init: async ({ connection, endpoints, log }) => {
    const served = endpoints.map((serveIt) => serveIt(connection, log));
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
