import { printable } from './printable.ts';

/** A line of a tree and what hangs on it. */
export interface Branch {
  readonly label: string;
  readonly children?: readonly Branch[];
}

/** A tree in box characters, root first. */
export function tree(root: Branch): string {
  return [printable(root.label), ...below(root.children ?? [], '')].join('\n');
}

function below(branches: readonly Branch[], indent: string): string[] {
  return branches.flatMap(({ label, children = [] }, index) => {
    const last = index === branches.length - 1;
    return [
      `${indent}${last ? '└─' : '├─'} ${printable(label)}`,
      ...below(children, `${indent}${last ? '   ' : '│  '}`),
    ];
  });
}
