import { Fault } from '../base/errors.ts';
import type { Connection } from '../transport/connection.ts';
import { gather, request, type ReplyOf } from '../transport/requests.ts';

/** A conversation with the nodes of a cluster. Speaks subjects only: a local node is nothing special. */
export class Session {
  readonly connection: Connection;

  /** @param connection - as operator */
  constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * Every node that answers, by name.
   * @throws Fault `NODE_UNAVAILABLE`, `NATS_DENIED`, `NATS_UNREACHABLE`
   */
  async nodes(): Promise<ReplyOf<'nodes'>[]> {
    const replies = await gather(this.connection, 'nodes', {}, {});
    return replies.sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /**
   * Looks at a node or at one of its actors.
   * @param node - default: the only one
   * @throws Fault `USAGE` if there are several nodes, `ACTOR_UNKNOWN`, and as {@link nodes}
   */
  async inspect(verb: string, node: string | undefined, actor?: string): Promise<unknown> {
    const tokens = { node: await this.#nodeOr(node), verb };
    return (await request(this.connection, 'inspect', tokens, actor === undefined ? {} : { actor })).value;
  }

  /**
   * Acts on an actor.
   * @throws as {@link inspect}
   */
  async control(verb: string, node: string | undefined, actor: string): Promise<unknown> {
    const tokens = { node: await this.#nodeOr(node), verb };
    return (await request(this.connection, 'control', tokens, { actor })).value;
  }

  async #nodeOr(given: string | undefined): Promise<string> {
    if (given !== undefined) return given;
    const names = (await this.nodes()).map(({ node }) => node);
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    throw new Fault('USAGE', { reason: `There are several nodes: say which of ${names.join(', ')}.` });
  }
}
