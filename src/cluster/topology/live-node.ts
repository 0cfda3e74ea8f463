/** A node that is alive, as the placing of tasks sees it. */
export interface LiveNode {
  readonly name: string;
  /** Its worker threads. */
  readonly threads: number;
  /** Whether the results of the cluster are there, or in a database that it uses. */
  readonly holdsStore: boolean;
  /** A node that takes `tasks` of training runs only has none of a topology. */
  readonly takes: 'all' | 'photos' | 'tasks';
}

/** Who is alive, as far as this node knows. */
export interface Members {
  live(): readonly LiveNode[];
  /** Calls `onChange` when that changes; the answer ends that. */
  watch(onChange: () => void): () => void;
}
