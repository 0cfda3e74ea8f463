import { Fault } from '../base/errors.ts';
import type { PublishedModel } from './published-model.ts';

/** The model that photos are tagged with from now on; those in a thread finish on theirs. */
export class ActiveModel {
  #current: PublishedModel | undefined;

  /** @throws Fault `NOT_FOUND` before the first activation */
  get current(): PublishedModel {
    if (this.#current === undefined) throw new Fault('NOT_FOUND', { what: 'model', id: 'that is active' });
    return this.#current;
  }

  /** Whether an activation is in place already, or has been followed by another. */
  isOver(activation: number): boolean {
    return this.#current !== undefined && activation <= this.#current.handle.activation;
  }

  /** Puts a model in place, unless a later activation is there already; tells whether it did. */
  activate(model: PublishedModel): boolean {
    if (this.isOver(model.handle.activation)) return false;
    this.#current = model;
    return true;
  }
}
