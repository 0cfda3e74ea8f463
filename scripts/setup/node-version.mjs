const needed = [20, 19];

/**
 * Why this Node cannot be used, or undefined if it can. Written for any Node that knows ES modules.
 * @param {string} found such as `18.20.1`
 */
export function tooOld(found) {
  const [major, minor] = found.split('.').map(Number);
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return undefined;
  return `Node.js ${found} is too old; install ${needed.join('.')} or newer.`;
}
