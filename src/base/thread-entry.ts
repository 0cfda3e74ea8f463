/** What `new Worker` (or a pool of them) is started with. */
export interface ThreadEntry {
  readonly url: URL;
  readonly execArgv: string[];
}

/**
 * The file a worker thread runs: `NAME.ts` through tsx when the caller itself runs from source, else the built `NAME.js`.
 * @param name - file beside the caller, without its ending
 * @param caller - the caller's `import.meta.url`
 */
export function threadEntry(name: string, caller: string): ThreadEntry {
  if (!caller.endsWith('.ts')) return { url: new URL(`./${name}.js`, caller), execArgv: [] };
  const loader = new URL('./register-tsx.mjs', import.meta.url).href;
  return { url: new URL(`./${name}.ts`, caller), execArgv: ['--import', loader] };
}
