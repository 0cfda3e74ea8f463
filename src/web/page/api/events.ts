import { signal } from '@preact/signals';
import { addressOf, call } from './call.ts';
import type { ClusterState, PhotoResult, Run } from './types.ts';

/** What the node tells as it happens, by name. */
export interface Events {
  readonly result: PhotoResult;
  readonly job: Run;
  readonly cluster: ClusterState;
}

type Listener<Name extends keyof Events> = (event: Events[Name]) => void;

const listeners: { readonly [Name in keyof Events]: Set<Listener<Name>> } = {
  result: new Set(),
  job: new Set(),
  cluster: new Set(),
};

/** Whether events come in; `undefined` before it is known. */
export const connected = signal<boolean>();

/** Hears what the node tells; the answer ends that. */
export function onEvent<Name extends keyof Events>(name: Name, listener: Listener<Name>): () => void {
  listeners[name].add(listener);
  return () => {
    listeners[name].delete(listener);
  };
}

const pauseMs = 1_000;

/** Follows the node's events as long as the page is open, whatever happens to the node. */
export function followEvents(): void {
  const source = new EventSource(addressOf('events', { query: { topics: 'results,jobs,cluster' } }));
  source.onopen = () => {
    connected.value = true;
  };
  source.onerror = () => {
    connected.value = false;
    // After a break it connects again by itself, after a refusal it does not, and does not say why.
    if (source.readyState !== EventSource.CLOSED) return;
    call('session')
      .catch(() => undefined) // The page has seen by now whether a token is wanted.
      .finally(() => setTimeout(followEvents, pauseMs));
  };
  for (const name of ['result', 'job', 'cluster'] as const)
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      tell(name, JSON.parse(data) as Events[typeof name]);
    });
}

function tell<Name extends keyof Events>(name: Name, event: Events[Name]): void {
  for (const listener of listeners[name]) listener(event);
}
