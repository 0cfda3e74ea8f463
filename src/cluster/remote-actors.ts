import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { decodeName, encodeName } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Address, Behaviour, ExitReason, RemoteDoor, RemotePort } from '../runtime/index.ts';
import type { Connection } from '../transport/connection.ts';
import { post, request, serve, type HandledOf, type ReplyOf, type Served } from '../transport/requests.ts';
import type { Seat } from './admission.ts';
import type { ClusterView } from './cluster-view.ts';
import { exitOf, wireExit } from './exit-wire.ts';
import { membershipName, type MembershipEvent } from './membership.ts';

/** Longer than the other node's own deadline, so that its word counts while it lives, ms. */
const graceMs = 1_000;
/** The longest that a timer can be set to. */
const foreverMs = 2 ** 31 - 1;
/** One look at a monitored actor; an answer that was lost is noticed after it, ms. */
const watchMs = 10_000;
const watchAgainMs = 500;
/** Messages that are in hand at once; what an actor has room for is its mailbox's to say. */
const maxInFlight = 4_096;

/** What messages travel by; of one link. */
interface Way {
  readonly connection: Connection;
  readonly view: ClusterView;
  /** Of this node's process. */
  readonly incarnation: string;
}

/**
 * Messages between actors of two nodes: a request on the subject of the one that they are for. They come in the order in which
 * they were sent, since one connection sends and one subscription takes all that are for a node.
 */
export class RemoteActors implements RemotePort {
  readonly #clock: Clock;
  /** Who waits for an answer of a node, by its name. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #way: Way | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(to: Address, message: unknown): Fault | undefined {
    try {
      post(this.#wayTo(to).connection, 'actor', tokensOf(to), { type: 'cast', message });
      return undefined;
    } catch (error) {
      return Fault.from(error);
    }
  }

  async call(to: Address, message: object, timeoutMs: number | 'infinity'): Promise<unknown> {
    const isEndless = timeoutMs === 'infinity';
    const limit = isEndless ? foreverMs : Math.min(timeoutMs + graceMs, foreverMs);
    const answer = await this.#ask(to, { type: 'call', message, ...(isEndless ? {} : { timeoutMs }) }, limit);
    return 'value' in answer ? answer.value : undefined;
  }

  monitor(to: Address, onDown: (reason: ExitReason) => void): () => void {
    const state = { isOver: false };
    void this.#follow(to, state).then((reason) => {
      if (!state.isOver) onDown(reason);
    });
    return () => {
      state.isOver = true;
    };
  }

  /** Looks at an actor for as long as it lives. */
  async #follow(to: Address, state: { readonly isOver: boolean }): Promise<ExitReason> {
    let pid: string | undefined;
    const incarnation = this.#incarnationOf(to);
    while (!state.isOver) {
      try {
        const look = { type: 'watch' as const, forMs: watchMs, ...(pid === undefined ? {} : { pid }) };
        const answer = await this.#ask(to, look, watchMs + graceMs);
        if ('exit' in answer) return exitOf(answer.exit);
        if ('pid' in answer) pid = answer.pid;
      } catch {
        // It may be this node that is cut off: the cluster decides who is lost.
        if (incarnation === undefined || this.#incarnationOf(to) !== incarnation) return 'noconnection';
        await new Promise<void>((resolve) => this.#clock.after(watchAgainMs, resolve));
      }
    }
    return 'noconnection';
  }

  /** Of a node that is alive. */
  #incarnationOf({ node }: Address): string | undefined {
    const member = this.#way?.view.find(node);
    return member?.state === 'alive' ? member.incarnation : undefined;
  }

  async #ask(to: Address, message: HandledOf<'actor'>, timeoutMs: number): Promise<ReplyOf<'actor'>> {
    const { connection } = this.#wayTo(to);
    const answer = request(connection, 'actor', tokensOf(to), message, timeoutMs);
    const waiting = this.#waiting.get(to.node) ?? new Set();
    this.#waiting.set(to.node, waiting);
    return new Promise((resolve, reject) => {
      const lose = () => {
        reject(new Fault('ACTOR_DOWN', { name: `${to.node}:${to.name}`, reason: 'noconnection' }));
      };
      waiting.add(lose);
      answer.then(resolve, reject).finally(() => waiting.delete(lose));
    });
  }

  #wayTo({ node }: Address): Way {
    const way = this.#way;
    const state = way?.view.find(node)?.state ?? 'alive';
    if (way === undefined || state !== 'alive')
      throw new Fault('NODE_UNAVAILABLE', { subject: `actors of ${node}` });
    return way;
  }

  /** Nothing comes from a node any more: it is lost, has left, or another process is in its place. */
  lose(node: string): void {
    for (const lose of this.#waiting.get(node) ?? []) lose();
    this.#waiting.delete(node);
  }

  /** Goes by a link from now on, and lets in what comes over it; the answer ends that. */
  open(way: Way, inside: Pick<RemoteActorsArgument, 'node' | 'door' | 'log'>): Served {
    this.#way = way;
    const onTrouble = (fault: Fault) => {
      inside.log.error({ fault: fault.toWire() }, 'actors of other nodes are not heard');
    };
    const served = serve(
      way.connection,
      'actor',
      { node: inside.node, name: '*' },
      (message, { name }) => this.#admit(inside, decodeName(name), message, way.incarnation),
      { maxInFlight, onTrouble },
    );
    return {
      ready: served.ready,
      stop: () => {
        if (this.#way === way) this.#way = undefined;
        for (const lost of [...this.#waiting.keys()]) this.lose(lost);
        // Those that are in hand are calls of actors, and as long as these take.
        void served.stop();
        return Promise.resolve();
      },
    };
  }

  async #admit(
    { door, log }: Pick<RemoteActorsArgument, 'door' | 'log'>,
    name: string,
    message: HandledOf<'actor'>,
    incarnation: string,
  ): Promise<ReplyOf<'actor'>> {
    switch (message.type) {
      case 'cast':
        try {
          door.send(name, message.message);
        } catch (error) {
          log.warn(
            { actor: name, fault: Fault.from(error).toWire() },
            'a message of another node was refused',
          );
        }
        return { value: undefined };
      case 'call':
        return { value: await door.call(name, message.message, message.timeoutMs ?? 'infinity') };
      case 'watch':
        return this.#watch(door, name, message, incarnation);
    }
  }

  #watch(
    door: RemoteDoor,
    name: string,
    { pid, forMs }: Extract<HandledOf<'actor'>, { type: 'watch' }>,
    incarnation: string,
  ): Promise<ReplyOf<'actor'>> {
    return new Promise((resolve) => {
      // A pid counts in the process that gave it.
      const [process, own] = pid?.split(' ') ?? [incarnation];
      const watched =
        process === incarnation
          ? door.watch(own ?? name, (reason) => {
              cancel();
              resolve({ exit: wireExit(reason) });
            })
          : undefined;
      const cancel = this.#clock.after(watched === undefined ? 0 : forMs, () => {
        watched?.unwatch();
        resolve(watched === undefined ? { exit: 'noproc' } : { pid: `${incarnation} ${watched.pid}` });
      });
    });
  }
}

/** What {@link remoteActors} works with. */
export interface RemoteActorsArgument {
  /** Name of this node. */
  readonly node: string;
  readonly actors: RemoteActors;
  /** Of the actors of this node. */
  readonly door: RemoteDoor;
  /** Asked when the actor starts. */
  readonly seat: () => Seat;
  readonly view: ClusterView;
  readonly log: Log;
}

/** Lets actors of this node and of others speak while it runs, and says which nodes are lost. */
export const remoteActors: Behaviour<
  { readonly served: Served } & RemoteActorsArgument,
  MembershipEvent,
  RemoteActorsArgument
> = {
  kind: 'remote actors',
  init: async (argument, context) => {
    const { actors, seat, view } = argument;
    const { connection, self } = seat();
    await context.ref(membershipName).call({ type: 'subscribe', subscriber: context.self });
    const served = actors.open({ connection, view, incarnation: self.holder }, argument);
    // A killed actor is not asked to terminate.
    context.ending.addEventListener('abort', () => void served.stop());
    await served.ready;
    return { ...argument, served };
  },
  receive: (state, { change, member }) => {
    if (change !== 'join') state.actors.lose(member.name);
    return state;
  },
  describe: ({ node }) => ({ node }),
};

function tokensOf({ node, name }: Address) {
  return { node, name: encodeName(name) };
}
