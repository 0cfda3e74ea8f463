// `npm run screenshots`: the views of the page, with real photos of a real node, as `docs/page/*.png`.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { packageRoot } from '../src/base/package-root.ts';
import { startBrowser, visit } from '../test/support/browser.ts';
import { until } from '../test/support/until.ts';
import { DemoNode } from './demo/demo-node.ts';
import { demoPhotos } from './prepare/demo-photos.ts';

const photos = join(packageRoot, '.cache', 'photos');
const pictures = join(packageRoot, 'docs', 'page');
const colours = 160;
const search = `search?q=${encodeURIComponent('alp OR valley OR seashore OR volcano')}`;
/** Of each side of a photo. */
const pieceShare = 0.3;
const desk = { viewport: { width: 1280, height: 860 } } satisfies BrowserContextOptions;
const tall = { width: 1280, height: 1340 };
const phone = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  isMobile: true,
} satisfies BrowserContextOptions;

async function screenshots(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'autotag-screenshots-'));
  const node = await DemoNode.start();
  const browser = await startBrowser();
  try {
    const url = await node.operatorUrl();
    await train(node, scratch);
    await schedule(node);
    const { page } = await visit(browser, url, desk);
    await sendAll(page, scratch);
    await take(page, 'photos');
    await view(page, node, search);
    await take(page, 'search');
    await page
      .getByRole('button', { name: /^Details of/ })
      .first()
      .click();
    await page.getByRole('meter').first().waitFor();
    await settled(page);
    await take(page, 'photo');
    await cluster(page, node);
    await take(page, 'cluster');
    await view(page, node, 'models');
    await page.setViewportSize(tall);
    await compare(page);
    await take(page, 'models');
    await view(page, node, 'jobs');
    await page.setViewportSize(desk.viewport);
    await rescore(page);
    await take(page, 'jobs');
    const dark = await visit(browser, url, { ...desk, colorScheme: 'dark' });
    await sendAll(dark.page, scratch);
    await take(dark.page, 'photos-dark');
    await view(dark.page, node, search);
    await take(dark.page, 'search-dark');
    const small = await visit(browser, url, phone);
    await sendAll(small.page, scratch);
    await take(small.page, 'photos-phone');
    await view(small.page, node, 'cluster');
    await take(small.page, 'cluster-phone');
    await view(small.page, node, 'jobs');
    await take(small.page, 'jobs-phone', 'Schedules');
  } finally {
    await browser.close();
    await node.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function view(page: Page, node: DemoNode, address: string): Promise<void> {
  await page.goto(`${node.pageUrl}#/${address}`);
  await settled(page);
}

/** Two models from pieces of the photos, small ones, so that they are hard to tell apart: a few at first, then many. */
async function train(node: DemoNode, scratch: string): Promise<void> {
  for (const pieces of [8, 20]) {
    const folder = join(scratch, `${String(pieces)}-pieces`);
    for (const { file } of demoPhotos) await cutUp(file, { folder, pieces });
    await node.read('train', '--folders', folder, '--min-examples', '2', '--precision', '0.6');
  }
}

async function cutUp(file: string, to: { readonly folder: string; readonly pieces: number }): Promise<void> {
  const folder = join(to.folder, file.replace(/\.\w+$/, ''));
  await mkdir(folder, { recursive: true });
  const photo = sharp(join(photos, file));
  const { width, height } = await photo.metadata();
  const [w, h] = [Math.floor(width * pieceShare), Math.floor(height * pieceShare)];
  for (let piece = 0; piece < to.pieces; piece += 1) {
    // All over the photo, the same ones each time.
    const [x, y] = [(piece * 0.755) % 1, (piece * 0.57) % 1];
    const area = { left: Math.floor((width - w) * x), top: Math.floor((height - h) * y) };
    await photo
      .clone()
      .extract({ ...area, width: w, height: h })
      .jpeg()
      .toFile(join(folder, `${String(piece)}.jpg`));
  }
}

/** What the cluster does by itself, and one time of it that has come. */
async function schedule(node: DemoNode): Promise<void> {
  const add = (...words: readonly string[]) =>
    node.read('schedule', 'add', ...words, '--zone', 'Europe/Berlin');
  await add('train', 'nightly', '30 2 * * *', '--corrections', '--update', 'latest', '--activate');
  await add('rescore', 'weekly', 'every week', '--start', '2026-11-29T04:00');
  await add('prune', 'monthly', '0 5 1 * *', '--dead', '30d', '--models', '5', '--runs', '90d');
  await node.read('schedule', 'pause', 'nightly');
  await node.read('schedule', 'run', 'monthly');
  const isDone = async () =>
    (await node.read('schedule', 'show', 'monthly', '--json')).out.includes('"done"');
  await until(isDone, 60_000);
}

/** All photos, and a file that is none. */
async function sendAll(page: Page, scratch: string): Promise<void> {
  const cut = join(scratch, 'cut-off.jpg');
  await writeFile(cut, 'This was a photo once.');
  const files = demoPhotos.map(({ file }) => join(photos, file));
  const input = page.locator('input[type=file]');
  await input.setInputFiles([...files, cut]);
  await page.getByText(/^\d+ photos are tagged, 1 failed/).waitFor({ state: 'attached', timeout: 60_000 });
  await settled(page);
}

/** A thread that was killed, and photos on their way. */
async function cluster(page: Page, node: DemoNode): Promise<void> {
  await page.goto(`${node.pageUrl}#/cluster`);
  for (let round = 0; round < 6; round += 1) {
    await node.read('submit', '--rerun', photos);
    if (round === 2) await node.read('repl', '-e', 'kill thread-0');
  }
  await page.getByRole('log').getByText('thread-0 was restarted').waitFor();
  await until(async () => (await node.read('status', '--json')).out.includes('"photos":0'));
}

async function rescore(page: Page): Promise<void> {
  await page.getByRole('combobox', { name: 'Score again' }).selectOption('all');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('heading', { name: 'Re-scoring done' }).waitFor();
  await page.getByText('Photos are scored again.').waitFor({ state: 'hidden' });
}

async function compare(page: Page): Promise<void> {
  const boxes = page.getByRole('checkbox', { name: 'Compare' });
  // Between them stand previews, which are made on the way.
  for (const place of [0, 2]) await boxes.nth(place).check();
  await settled(page);
}

/** Until nothing more comes: events, pictures. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction('[...document.images].every((image) => image.complete)');
  await page.waitForTimeout(1_500);
}

/** @param from - the heading at the top of the picture; without, the page begins there */
async function take(page: Page, name: string, from?: string): Promise<void> {
  await page.evaluate('scrollTo(0, 0)');
  if (from !== undefined)
    await page.getByRole('heading', { name: from }).evaluate((heading) => {
      (heading as unknown as { scrollIntoView: () => void }).scrollIntoView();
    });
  const png = await page.screenshot({ animations: 'disabled' });
  await sharp(png)
    .png({ palette: true, colours, effort: 10 })
    .toFile(join(pictures, `${name}.png`));
  console.error(`docs/page/${name}.png`);
}

await screenshots();
