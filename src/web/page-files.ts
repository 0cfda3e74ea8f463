import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { packageRoot } from '../base/package-root.ts';
import type { App } from './fastify-app.ts';

/** What the build makes of `src/web/page`. */
const builtPage = join(packageRoot, 'dist', 'page');

/** Nothing but the page's own files, and pictures that the browser has made of photos that are about to be sent. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the page at `/`. Each of its files is a route, read once: no request names a path. */
export async function addPage(app: App, folder = builtPage): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', (_request, reply) =>
      reply.code(503).type('text/plain').send('The page is not built here: `npm run build` builds it.\n'),
    );
    return;
  }
  for (const name of await readdir(folder, { recursive: true })) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const bytes = await readFile(join(folder, name));
    const isIndex = name === 'index.html';
    // Names of all others change with their content.
    const caching = isIndex ? 'no-cache' : 'public, max-age=31536000, immutable';
    app.get(isIndex ? '/' : `/${name}`, (_request, reply) =>
      reply.header('content-security-policy', policy).header('cache-control', caching).type(type).send(bytes),
    );
  }
}
