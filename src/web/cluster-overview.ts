import { Fault } from '../base/errors.ts';
import type { Connection } from '../transport/connection.ts';
import { membersReply } from '../transport/members.ts';
import { gather, request, type ReplyOf } from '../transport/requests.ts';

/** A node: what others know of it, and what it says of itself where it answers. */
export interface NodeOverview {
  readonly name: string;
  readonly state: string;
  readonly [property: string]: unknown;
}

/** The cluster at one moment. */
export interface Overview {
  readonly leader?: string | undefined;
  /** By name, those that are gone included. */
  readonly nodes: NodeOverview[];
  readonly status: ReplyOf<'status'> | undefined;
  readonly topologies: ReplyOf<'topologyList'>['topologies'];
}

/** How long an answer is good enough for the next one who asks, ms. */
const freshMs = 1_000;

/** What all nodes say of themselves. However many look at it, nodes are asked once a second. */
export class ClusterOverview {
  readonly #connection: Connection;
  #last: { readonly at: number; readonly overview: Promise<Overview> } | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * The cluster, at most a second ago.
   * @throws Fault `NODE_UNAVAILABLE`, `NATS_UNREACHABLE`, `NATS_DENIED`
   */
  get(): Promise<Overview> {
    const at = performance.now();
    if (this.#last === undefined || at - this.#last.at > freshMs) {
      const overview = this.#look();
      this.#last = { at, overview };
      overview.catch(() => {
        this.#last = undefined;
      });
    }
    return this.#last.overview;
  }

  async #look(): Promise<Overview> {
    const [answers, status, { topologies }] = await Promise.all([
      gather(this.#connection, 'nodes', {}, {}),
      orNothing(request(this.#connection, 'status', {}, {})),
      request(this.#connection, 'topologyList', {}, {}),
    ]);
    const tokens = { node: answers[0]?.node ?? '', verb: 'members' };
    const { value } = await request(this.#connection, 'inspect', tokens, {});
    const { leader, members } = membersReply.parse(value);
    const selves = new Map(answers.map(({ node, value: self }) => [node, self as object]));
    const nodes = members.map((member) => ({ ...selves.get(member.name), ...member }));
    return { leader: leader?.node, nodes, status, topologies };
  }
}

/** Counts come from the node that has the store, which may be away while others answer. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Fault && error.disposition === 'retry') return undefined;
    throw error;
  }
}
