import { useEffect, useRef, useState } from 'preact/hooks';
import { session } from '../api/session.ts';

/** Something that is loaded from the node. */
export interface Resource<Value> {
  /** The latest that came; kept while it is loaded again, and when that fails. */
  readonly value: Value | undefined;
  /** Why it could not be loaded the last time. */
  readonly error: unknown;
  readonly loading: boolean;
  /** Loads it again. */
  readonly reload: () => void;
}

/** How a {@link useResource} is kept. */
export interface ResourceOptions {
  /** Loaded anew when it changes; nothing is loaded while it is `undefined`. */
  readonly key: string | undefined;
  /** Loaded again after so long, while the page is seen. */
  readonly everyMs?: number;
}

/** Loads something while a component is shown; what comes too late is dropped. */
export function useResource<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  { key, everyMs }: ResourceOptions,
): Resource<Value> {
  const [state, setState] = useState<{ key?: string | undefined; value?: Value; error?: unknown }>({});
  const [round, setRound] = useState(0);
  const [loading, setLoading] = useState(true);
  const latest = useRef(load);
  latest.current = load;
  // Somebody else may see more.
  const reader = session.value;
  useEffect(() => {
    if (key === undefined) return undefined;
    const controller = new AbortController();
    setLoading(true);
    latest
      .current(controller.signal)
      .then(
        (value) => {
          if (!controller.signal.aborted) setState({ key, value });
        },
        (error: unknown) => {
          if (!controller.signal.aborted)
            setState((before) => (before.key === key ? { ...before, error } : { key, error }));
        },
      )
      .finally(() => {
        if (!controller.signal.aborted) setLoading(false);
      });
    return () => {
      controller.abort();
    };
  }, [key, round, reader]);
  const reload = () => {
    setRound((before) => before + 1);
  };
  useEffect(() => {
    if (everyMs === undefined || key === undefined) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [key, everyMs]);
  return { value: state.key === key ? state.value : undefined, error: state.error, loading, reload };
}
