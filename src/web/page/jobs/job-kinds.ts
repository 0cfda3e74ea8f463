const names: Readonly<Record<string, string>> = {
  train: 'Training',
  tag: 'Tagging of files',
  rescore: 'Re-scoring',
  prune: 'Pruning',
};

/** A kind of runs in words. */
export function nameOf(kind: string): string {
  return names[kind] ?? kind;
}
