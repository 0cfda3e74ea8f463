import type { ActorRef, Context, MonitorId, Signal } from '../runtime/index.ts';

/** Actors that are told of something, for as long as they live. */
export class Subscribers<Event> {
  readonly #refs = new Map<MonitorId, ActorRef<Event>>();

  /** Tells `ref` from now on. */
  add(ref: ActorRef<Event>, context: Pick<Context<never>, 'monitor'>): void {
    this.#refs.set(context.monitor(ref), ref);
  }

  /** To be handed each signal of the actor that tells: forgets who has ended. */
  heed(signal: Signal): void {
    if (signal.type === 'down') this.#refs.delete(signal.monitor);
  }

  tell(event: Event): void {
    for (const ref of this.#refs.values()) ref.cast(event);
  }
}
