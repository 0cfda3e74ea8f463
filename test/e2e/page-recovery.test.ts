import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser, visit } from '../support/browser.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { joiningUrl } from '../support/joining-url.ts';
import { freePort } from '../support/nats.ts';
import { NodeProcess } from '../support/node-process.ts';

const shared = { threads: 1, jobThreads: 1, nodeLeaseMs: 3_000 };
/** Processes start slowly on a machine with much else to do. */
const patientMs = 240_000;

let n1: ClusterNode;
let n2: NodeProcess;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  n1 = await startClusterNode({ ...shared, httpPort: await freePort() });
  const nats = await joiningUrl({ url: n1.node.url, dataFolder: n1.data.path });
  n2 = await NodeProcess.start({ ...shared, name: 'n2', nats, takes: 'tasks' });
  const { token } = await (await n1.connect()).ask('tokenAdd', {}, { name: 'page', role: 'operator' });
  browser = await startBrowser();
  ({ page } = await visit(browser, `${n1.node.httpUrl}/#token=${token}`));
}, patientMs);

afterAll(async () => {
  await browser.close();
  await n2.dispose();
  await n1.dispose();
});

const view = (name: string) => page.getByRole('navigation').getByRole('link', { name }).click();

test(
  'a node that is killed is seen to be lost, and to be back',
  async () => {
    await view('Cluster');
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: /^n2/ }) });
    await card.getByRole('heading', { name: 'n2 alive' }).waitFor();
    await n2.kill();
    await card.getByRole('heading', { name: /^n2 lost/ }).waitFor();
    await page.getByRole('log').getByText('Node n2 is not heard of.').waitFor();
    await n2.start();
    await card.getByRole('heading', { name: 'n2 alive' }).waitFor();
    await page.getByRole('log').getByText('Node n2 has joined.').waitFor();
  },
  patientMs,
);

test(
  'while its own node is away a page says so; then it goes on, signed in as before',
  async () => {
    await view('Photos');
    const away = page.getByText('The node does not answer.');
    await n1.node.stop();
    await away.waitFor();
    await n1.restart();
    await away.waitFor({ state: 'hidden' });
    expect(await page.getByText('This node wants a token').count()).toBe(0);
    await view('Jobs');
    await page.getByText('Add a schedule').waitFor();
    await view('Cluster');
    await page.getByRole('button', { name: 'Kill thread-0' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Kill it' }).click();
    await page.getByRole('log').getByText('thread-0 was restarted').waitFor();
  },
  patientMs,
);
