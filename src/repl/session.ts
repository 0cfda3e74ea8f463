import { Fault } from '../base/errors.ts';
import { printable } from '../terminal/printable.ts';
import { membersReply, type MembersReply } from '../transport/members.ts';
import type { Connection } from '../transport/connection.ts';
import { gather, request, wasHeard, type ReplyOf, type RequestOf } from '../transport/requests.ts';

/** What one node said: a value, or why it has none. */
export type Finding =
  | { readonly node: string; readonly value: unknown }
  | { readonly node: string; readonly error: { readonly code: string; readonly message: string } };

/** What is looked at, and how much of it. */
export type Look = RequestOf<'inspect'>;

/** How long a node may take to answer beyond what it is asked to take, ms. */
const answerMs = 5_000;

/** A conversation with the nodes of a cluster. Speaks subjects only: a local node is nothing special. */
export class Session {
  readonly connection: Connection;
  /** Nodes that have answered before. */
  readonly #known = new Set<string>();

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
    for (const { node } of replies) this.#known.add(node);
    return replies.sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  /**
   * The names of all nodes: those that answer, and those that the others take for alive.
   * @throws as {@link nodes} and {@link inspect}
   */
  async nodeNames(): Promise<string[]> {
    const answering = await this.nodes();
    const silent = silentOf(await this.members(answering), answering);
    return [...answering.map(({ node }) => node), ...silent].sort();
  }

  /**
   * The cluster as the first of these nodes sees it; `undefined` where it says that in another way than is known here.
   * @throws as {@link inspect}
   */
  async members(answering: readonly ReplyOf<'nodes'>[]): Promise<MembersReply | undefined> {
    const { data } = membersReply.safeParse(await this.inspect('members', answering[0]?.node ?? ''));
    for (const { name, state } of data?.members ?? []) if (state === 'alive') this.#known.add(name);
    return data;
  }

  /**
   * Looks at a node or at one of its actors; without `node`, at all nodes, or at those that have such an actor.
   * @returns something from each of them; from one at least it is a value
   * @throws Fault `NOT_FOUND` (no such node), `NODE_GONE`, `NODE_SILENT`, `ACTOR_UNKNOWN`, and as {@link nodes}
   */
  async look(verb: string, node: string | undefined, look: Look = {}): Promise<readonly Finding[]> {
    if (node !== undefined) return [{ node, value: await this.inspect(verb, node, look) }];
    const names = await this.nodeNames();
    const outcomes = await Promise.allSettled(names.map((name) => this.inspect(verb, name, look)));
    const findings = outcomes.map((outcome, index) => findingOf(names[index] ?? '', outcome));
    if (findings.every((finding) => 'error' in finding)) throw firstFault(outcomes);
    // A node without such an actor has nothing to say.
    return findings.filter((finding) => !('error' in finding && finding.error.code === 'ACTOR_UNKNOWN'));
  }

  /** What nodes say of themselves that have not answered with the others: late, or why not. */
  async askAgain(nodes: readonly string[]): Promise<readonly Finding[]> {
    const outcomes = await Promise.allSettled(nodes.map((node) => this.inspect('node', node)));
    return outcomes.map((outcome, index) => findingOf(nodes[index] ?? '', outcome));
  }

  /**
   * Looks at one node.
   * @throws as {@link look}
   */
  async inspect(verb: string, node: string, look: Look = {}): Promise<unknown> {
    return await this.#ask(node, answerMs + (look.windowMs ?? 0), async (timeoutMs) => {
      return (await request(this.connection, 'inspect', { node, verb }, look, timeoutMs)).value;
    });
  }

  /**
   * Acts on an actor; without `node`, on the one node that has it. `forMs` is how long it stays suspended.
   * @throws Fault `USAGE` (several nodes have it), and as {@link look}
   */
  async act(
    verb: string,
    node: string | undefined,
    actor: string,
    options: Pick<RequestOf<'control'>, 'forMs'> = {},
  ): Promise<unknown> {
    const on = node ?? (await this.nodeOf(actor));
    return await this.#ask(on, answerMs, async (timeoutMs) => {
      const asked = { actor, ...options };
      return (await request(this.connection, 'control', { node: on, verb }, asked, timeoutMs)).value;
    });
  }

  /**
   * The one node that has an actor.
   * @throws Fault `USAGE` (several have it, or one that does not answer may), `ACTOR_UNKNOWN`, and as {@link nodes}
   */
  async nodeOf(actor: string): Promise<string> {
    const findings = await this.look('status', undefined, { actor });
    const names = findings.map(({ node }) => node).join(', ');
    const [only] = findings;
    if (only !== undefined && findings.length === 1) return only.node;
    const isSure = findings.every((finding) => 'value' in finding);
    throw new Fault('USAGE', {
      reason: `There ${isSure ? 'is' : 'may be'} an actor ${printable(actor)} on ${names}: say on which node.`,
    });
  }

  async #ask<T>(node: string, timeoutMs: number, question: (timeoutMs: number) => Promise<T>): Promise<T> {
    try {
      const value = await question(timeoutMs);
      this.#known.add(node);
      return value;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'NODE_UNAVAILABLE') throw error;
      if (wasHeard(error)) throw new Fault('NODE_SILENT', { node: printable(node), timeoutMs }, error);
      throw this.#known.has(node)
        ? new Fault('NODE_GONE', { node: printable(node) }, error)
        : new Fault('NOT_FOUND', { what: 'node', id: printable(node) }, error);
    }
  }
}

function findingOf(node: string, outcome: PromiseSettledResult<unknown>): Finding {
  if (outcome.status === 'fulfilled') return { node, value: outcome.value };
  const { code, message } = Fault.from(outcome.reason);
  return { node, error: { code, message } };
}

/** Members that are alive, as the others see it, and are not among those that answer. */
export function silentOf(
  known: MembersReply | undefined,
  answering: readonly { readonly node: string }[],
): string[] {
  const alive = (known?.members ?? []).filter(({ state }) => state === 'alive').map(({ name }) => name);
  return alive.filter((name) => !answering.some(({ node }) => node === name));
}

/** That an actor is unknown says least. */
function firstFault(outcomes: readonly PromiseSettledResult<unknown>[]): Fault {
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [Fault.from(outcome.reason)] : [],
  );
  const fault = faults.find(({ code }) => code !== 'ACTOR_UNKNOWN') ?? faults[0];
  return fault ?? new Fault('INTERNAL', { reason: 'nobody failed' });
}
