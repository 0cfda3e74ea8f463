import { join } from 'node:path';
import { defineConfig } from 'vite';
import { packageRoot } from '../../base/package-root.ts';

/** Builds the page to `dist/page`: one script, one sheet of styles, no request to anywhere else. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  cacheDir: join(packageRoot, '.cache', 'vite'),
  build: {
    outDir: join(packageRoot, 'dist', 'page'),
    emptyOutDir: true,
    target: 'es2022',
    // An inlined file would need `data:` in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
