import { Fault } from '../base/errors.ts';
import type { ExitReason } from './exit-reason.ts';
import { LocalRef } from './local-ref.ts';
import { downFault } from './pending-call.ts';
import type { Host } from './process.ts';
import type { RemoteParser } from './remote.ts';

/** What other nodes may do to actors of this one: to those that take messages from there; the others are not there. */
export class RemoteDoor {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Delivers a message; if nobody is there or has room, it is a dead letter here.
   * @throws Fault `REQUEST_INVALID` for one that the actor does not take
   */
  send(name: string, message: unknown): void {
    const parse = this.#parserOf(name);
    if (parse === undefined) this.#host.deadLetters.add(name, 'noproc', message);
    else new LocalRef(this.#host, name).cast(parse(message));
  }

  /**
   * As `ActorRef.call`.
   * @throws Fault `REQUEST_INVALID` for a message that the actor does not take, and those of `ActorRef.call`
   */
  async call(name: string, body: unknown, timeoutMs: number | 'infinity'): Promise<unknown> {
    const parse = this.#parserOf(name);
    if (parse === undefined) throw downFault(name, 'noproc');
    return new LocalRef<never>(this.#host, name).call(parse(body) as never, timeoutMs);
  }

  /** Calls `onExit` when the actor ends, by name or, once that is known, by pid; `undefined` if it is not there. */
  watch(
    key: string,
    onExit: (reason: ExitReason) => void,
  ): { readonly pid: string; readonly unwatch: () => void } | undefined {
    const process = this.#host.registry.get(key);
    return process?.remote === undefined ? undefined : { pid: process.pid, unwatch: process.watch(onExit) };
  }

  #parserOf(name: string): RemoteParser | undefined {
    const process = this.#host.registry.get(name);
    return process?.remote === undefined || process.name !== name ? undefined : checkedBy(process.remote);
  }
}

function checkedBy(parser: RemoteParser): RemoteParser {
  return (message) => {
    try {
      return parser(message);
    } catch (thrown) {
      throw new Fault(
        'REQUEST_INVALID',
        { reason: 'the actor takes no such message of another node' },
        thrown,
      );
    }
  };
}
