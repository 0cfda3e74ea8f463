import { readsPhotos, type BoltPlan } from './bolt-plan.ts';

/** The users' bolts that photos go through now: the flow says which, taggers ask. */
export class ActiveBolts {
  /** `undefined` until it is known. */
  current: BoltPlan | undefined;

  /** Whether it is known that there are none: photos need not go through the flow. */
  get none(): boolean {
    return this.current?.bolts.length === 0;
  }

  /** Whether a bolt may want the bytes of photos. */
  get readPhotos(): boolean {
    return this.current === undefined || readsPhotos(this.current);
  }
}
