const needed = [20, 19] as const;

/** Why this version of Node cannot run Autotag, or `undefined` if it can. Imports nothing, so that an old Node can ask. */
export function tooOld(found: string): string | undefined {
  const [major = 0, minor = 0] = found.split('.').map(Number);
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return undefined;
  return `Node.js ${found} is too old; install ${needed.join('.')} or newer.`;
}
