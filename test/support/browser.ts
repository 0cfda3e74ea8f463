import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type axeCore from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** For a machine with much else to do. */
const timeoutMs = 50_000;
const names = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Starts the Chromium of this machine, without a window.
 * @throws Error that says how to install it, where it is not
 */
export async function startBrowser(): Promise<Browser> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (found === undefined)
    throw new Error('This needs Chromium, which is not installed: apt-get install chromium');
  const isRoot = process.getuid?.() === 0;
  return await chromium.launch({
    executablePath: found,
    // Its sandbox does not work for root; nothing but our own page is shown.
    args: [...(isRoot ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'],
  });
}

/** The page in a browser, and what it complains of. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, what the Content-Security-Policy refused, routes that are not there. */
  readonly complaints: readonly string[];
}

/** A photo may not be tagged yet, or have no picture; whatever else the page asks for is there. */
const mayBeMissing = /\/api\/v1\/photos\/[^/]+(\/thumbnail)?$/;

/** Opens a page in a context of its own. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(timeoutMs);
  const complaints: string[] = [];
  page.on('console', (message) => {
    const isBad = message.type() === 'error' || message.type() === 'warning';
    // An answer that is no success is for the page to tell of, and none of its own faults.
    if (isBad && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (response.status() === 404 && !mayBeMissing.test(pathname)) complaints.push(`404: ${pathname}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`it opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, complaints };
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on a page that keeps people from using it: `rule: element`. */
export async function barriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(await axeSource);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { readonly axe: typeof axeCore };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}
