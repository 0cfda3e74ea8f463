import type { WireFault } from '../base/errors.ts';
import type { DatabaseOptions } from './database.ts';

/** What a thread can be asked: by name, the arguments and the answer. */
export type Calls<C> = {
  readonly [Name in keyof C]: { readonly args: readonly unknown[]; readonly answer: unknown };
};

/** One method for each of the calls. */
export type Handlers<C extends Calls<C>> = {
  readonly [Name in keyof C]: (...args: C[Name]['args']) => C[Name]['answer'];
};

/** Main thread to store thread. */
export interface StoreRequest<C extends Calls<C>, Name extends keyof C = keyof C> {
  readonly id: number;
  readonly name: Name;
  readonly args: C[Name]['args'];
}

/** The last message a store thread gets: it finishes what came before and ends. */
export const stopRequest = 'stop';

/** Store thread to main thread; id 0 tells that it has opened its database, or why not. */
export type StoreResponse =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly fault: WireFault };

/** Of the tag store the one writer, which also makes and migrates the file, or a reader; or all there is of the thumbnails. */
export type StoreRole = 'writer' | 'reader' | 'thumbnails';

/** What a store thread starts with. */
export interface StoreThreadData {
  readonly role: StoreRole;
  readonly database: DatabaseOptions;
  /** Int32Array [1]: not 0 once the thread must end before its next request. */
  readonly ending: SharedArrayBuffer;
}
