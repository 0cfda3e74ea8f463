import { Fault } from '../base/errors.ts';
import { printable } from '../terminal/printable.ts';
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
   * @throws Fault `USAGE` if there are several nodes, `NOT_FOUND` if none has this name, `ACTOR_UNKNOWN`, and as {@link nodes}
   */
  async inspect(verb: string, node: string | undefined, actor?: string): Promise<unknown> {
    return await this.#ask('inspect', verb, node, actor);
  }

  /**
   * Acts on an actor.
   * @throws as {@link inspect}
   */
  async control(verb: string, node: string | undefined, actor: string): Promise<unknown> {
    return await this.#ask('control', verb, node, actor);
  }

  async #ask(subject: 'inspect' | 'control', verb: string, given: string | undefined, actor?: string) {
    const node = given ?? (await this.#only());
    try {
      const value = actor === undefined ? {} : { actor };
      return (await request(this.connection, subject, { node, verb }, value)).value;
    } catch (error) {
      const isSilent = error instanceof Fault && error.code === 'NODE_UNAVAILABLE';
      if (!isSilent || (await this.nodes()).some((answering) => answering.node === node)) throw error;
      throw new Fault('NOT_FOUND', { what: 'node', id: printable(node) }, error);
    }
  }

  async #only(): Promise<string> {
    const names = (await this.nodes()).map(({ node }) => node);
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    throw new Fault('USAGE', { reason: `There are several nodes: say which of ${names.join(', ')}.` });
  }
}
