import { Fault } from '../base/errors.ts';
import type { PublishedModel } from './published-model.ts';

/** An activation that this node cannot follow. */
export interface RefusedActivation {
  readonly activation: number;
  /** Id of the model. */
  readonly model: string;
  /** Code and sentence of the fault. */
  readonly code: string;
  readonly reason: string;
}

/** The model that photos are tagged with from now on; those in a thread finish on theirs. */
export class ActiveModel {
  #current: PublishedModel | undefined;
  #refused: RefusedActivation | undefined;

  /** @throws Fault `NOT_FOUND` before the first activation */
  get current(): PublishedModel {
    if (this.#current === undefined) throw new Fault('NOT_FOUND', { what: 'model', id: 'that is active' });
    return this.#current;
  }

  /** The activation that should be in force here and is not: the model before it stays. */
  get refused(): RefusedActivation | undefined {
    return this.#refused !== undefined && this.isOver(this.#refused.activation) ? undefined : this.#refused;
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

  /** Notes that a model cannot be put in place. */
  refuse(refused: RefusedActivation): void {
    if (this.#refused === undefined || refused.activation >= this.#refused.activation)
      this.#refused = refused;
  }
}
