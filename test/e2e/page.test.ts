import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/package-root.ts';
import { barriers, startBrowser, visit, type Visit } from '../support/browser.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { HttpClient, photoForm } from '../support/http-client.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

const photo = (name: string) => join(packageRoot, '.cache', 'photos', name);
/** A name that would be a script to whoever does not escape it. */
const hostile = '<img src=x onerror=alert(1)>.jpg';

const desk = { width: 1280, height: 900 };

let folder: string;
let cluster: ClusterNode;
let http: HttpClient;
let browser: Browser;
let opened: Visit;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-page-'));
  cluster = await startClusterNode({ threads: 2, thumbnailPx: 160 });
  const operator = await cluster.connect();
  const { token } = await operator.ask('tokenAdd', {}, { name: 'page', role: 'operator' });
  http = new HttpClient(cluster.node.httpUrl, token);
  browser = await startBrowser();
  opened = await visit(browser, `${cluster.node.httpUrl}/#token=${token}`);
  page = opened.page;
});

afterAll(async () => {
  await browser.close();
  await cluster.dispose();
  await rm(folder, { recursive: true });
});

/** Goes to a view by its link. */
async function go(view: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
  await page.getByRole('main', { name: view }).waitFor();
}

const tile = (name: string) => page.getByRole('listitem').filter({ hasText: name });

describe('the page', () => {
  test('tells nobody the token it was opened with', () => {
    expect(page.url()).not.toContain('token');
  });

  test('shows tags of photos as they come, and why one has none', async () => {
    await page
      .locator('input[type=file]')
      .setInputFiles([photo('valley.jpg'), photo('espresso.png'), photo('seashore.jpg')]);
    for (const [name, tag] of [
      ['valley.jpg', 'valley'],
      ['espresso.png', 'espresso'],
      ['seashore.jpg', 'seashore'],
    ] as const)
      await tile(name).getByRole('link', { name: tag }).first().waitFor();
    const bytes = Buffer.from('no photo at all');
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: hostile, mimeType: 'image/jpeg', buffer: bytes });
    await tile(hostile).getByText('are not a photo').waitFor();
  });

  test('finds them by their tags, and shows one', async () => {
    await go('Search');
    await page.getByRole('combobox').fill('valley');
    await page.keyboard.press('Enter');
    await until(async () => {
      const picture = tile('valley.jpg').locator('img');
      return (
        (await picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)) ===
        160
      );
    });
    await tile('valley.jpg').getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: 'valley.jpg' });
    await dialog.getByRole('meter', { name: 'Score of valley' }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('combobox').fill('"open');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('quotation that never ends').waitFor();
  });

  test('takes corrections of tags, whatever these are', async () => {
    await page.getByRole('combobox').fill('valley');
    await page.keyboard.press('Enter');
    await tile('valley.jpg').getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: 'valley.jpg' });
    await dialog.getByRole('button', { name: 'Reject valley' }).click();
    await dialog.getByRole('button', { name: 'Undo the rejection of valley' }).waitFor();
    await dialog.getByRole('textbox', { name: 'Tag that is missing' }).fill('<script>alert(1)</script>');
    await page.keyboard.press('Enter');
    await dialog.getByRole('link', { name: '<script>' }).waitFor();
    await page.keyboard.press('Escape');
  });

  test('completes tags, and narrows a search by those that the photos found have as well', async () => {
    const photos = ['one', 'two', 'three'].map(async (id, index) => ({
      file: `${id}.jpg`,
      id,
      owner: 'Alice',
      bytes: await numbered(index + 1),
    }));
    await http.send('/photos?wait=true', { form: photoForm(await Promise.all(photos)) });
    const tags = [['holiday'], ['holiday', 'rainy day'], ['holiday', 'rainy day', 'beach']];
    for (const [index, id] of ['one', 'two', 'three'].entries())
      for (const tag of tags[index] ?? []) {
        const path = `/photos/${id}/corrections/${encodeURIComponent(tag)}`;
        await http.send(path, { method: 'PUT', json: { verdict: 'accept' } });
      }
    await go('Search');
    await page.getByRole('combobox').fill('holi');
    await page.getByRole('option', { name: 'holiday 3' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('3 photos', { exact: true }).waitFor();
    const rainy = page.getByRole('checkbox', { name: 'rainy day 2' });
    await rainy.click();
    await page.getByText('2 photos', { exact: true }).waitFor();
    await page.getByRole('checkbox', { name: 'beach 1' }).click();
    await page.getByText('1 photo', { exact: true }).waitFor();
    await page.getByRole('checkbox', { name: 'beach 1', checked: true }).click();
    await page.getByRole('checkbox', { name: 'rainy day 2', checked: true }).click();
    await page.getByText('3 photos', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Leave out photos with rainy day' }).click();
    await page.getByText('1 photo', { exact: true }).waitFor();
    expect(await page.getByRole('combobox').inputValue()).toBe('holiday -"rainy day"');
    await tile('one.jpg').getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: 'one.jpg' });
    await dialog.getByRole('link', { name: 'Alice' }).click();
    await page.getByText('3 photos', { exact: true }).waitFor();
    expect(await page.getByRole('combobox').inputValue()).toBe('owner:"Alice"');
  });

  test('shows a thread that is killed, and the one in its place', async () => {
    await go('Cluster');
    await page.getByRole('button', { name: 'Kill thread-0' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Kill it' }).click();
    await page.getByRole('log').getByText('thread-0 was restarted').waitFor();
    await page.getByText('1 restart', { exact: true }).waitFor();
  });

  test('lists dead letters, and has them tried again', async () => {
    const operator = await cluster.connect('operator');
    const sequence = async () => (await operator.ask('deadList', {}, { limit: 1 })).letters[0]?.sequence;
    const before = await sequence();
    await page.getByRole('button', { name: `Retry ${hostile}` }).click();
    await page.getByText('1 photo queued again.').waitFor();
    // It is no photo still, and comes back as another letter.
    await until(async () => ![before, undefined].includes(await sequence()));
    await page.getByRole('button', { name: `Retry ${hostile}` }).waitFor();
  });

  test('adds a schedule, pauses it, runs it, and removes it', async () => {
    await go('Jobs');
    await page.getByText('Add a schedule').click();
    await page.getByRole('textbox', { name: 'Name' }).fill('weekly');
    await page.getByRole('textbox', { name: 'When' }).fill('now and then');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('is neither five fields of cron').waitFor();
    await page.getByRole('textbox', { name: 'When' }).fill('every week');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('weekly fires next').waitFor();
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: /^weekly/ }) });
    await card.getByRole('button', { name: 'Pause' }).click();
    await card.getByText('paused').waitFor();
    await card.getByRole('button', { name: 'Resume' }).click();
    await card.getByText('every week').waitFor();
    await card.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run it' }).click();
    await card.getByText(/^Last time: .*, done$/).click();
    await card.getByRole('listitem').getByText('done').waitFor();
    expect(await barriers(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.setViewportSize(desk);
    await card.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
    await page.getByText('No run starts by itself yet.').waitFor();
  });

  test('pauses a backlog, goes on with it, and says what has no tags', async () => {
    const backlog = join(folder, 'backlog');
    await mkdir(backlog);
    for (const name of ['valley.jpg', 'seashore.jpg']) await copyFile(photo(name), join(backlog, name));
    await writeFile(join(backlog, hostile), 'no photo at all');
    // So slow that there is time to press a button.
    const spec = { kind: 'tag', folders: [backlog], out: join(folder, 'tags.tsv'), rate: 0.2 };
    expect((await http.send('/jobs?node=n1', { json: spec })).status).toBe(202);
    await go('Jobs');
    const card = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { name: /^Tagging of files/ }) });
    await card.getByRole('button', { name: 'Pause' }).click();
    await card.getByText('paused', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Resume' }).click();
    await card.getByText('done', { exact: true }).waitFor();
    await card.getByText('Without tags').click();
    await card.getByRole('definition').getByText('are not a photo').waitFor();
    await card.getByRole('term').getByText(hostile).waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('has no barriers in %s colours', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const view of ['Photos', 'Search', 'Cluster', 'Models', 'Jobs']) {
      await go(view);
      expect(await barriers(page), view).toEqual([]);
    }
  });

  test('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const view of ['Photos', 'Search', 'Cluster', 'Models', 'Jobs']) {
      await go(view);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width, view).toBe(360);
    }
  });

  test('has had nothing to complain of', () => {
    expect(opened.complaints).toEqual([]);
  });
});
