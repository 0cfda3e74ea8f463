import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PostgresFeatureStores } from '../../src/store/postgres-feature-stores.ts';
import { contentOf, featuresOf, selectedOf, smallExtractor } from '../support/features.ts';
import { temporaryFolder } from '../support/model.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { featureStoreContract } from './feature-store.contract.ts';

const extractor = smallExtractor();
const upTo = { epoch: 1_700_000_000_000, sequence: 9 };
const photo = (id: string, number: number) => ({
  id,
  features: [{ extractor, features: featuresOf(number) }],
});

let server: TestPostgres;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let url: string;
const reports: string[] = [];
let made = 0;

beforeAll(async () => {
  // Nothing here survives a power cut.
  server = await startPostgres(['fsync=off']);
  url = await server.createDatabase();
  folder = await temporaryFolder();
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

function stores(): PostgresFeatureStores {
  made += 1;
  return new PostgresFeatureStores({
    url,
    folder: join(folder.path, `copies-${String(made)}`),
    report: ({ message }) => reports.push(message),
  });
}

/** Of a database that was never used. */
async function create(): Promise<PostgresFeatureStores> {
  await server.execute(url, 'DROP SCHEMA IF EXISTS autotag CASCADE');
  return stores();
}

featureStoreContract('PostgreSQL', {
  create,
  again: stores,
  destroy: () => Promise.resolve(),
});

it('leaves no copy behind, and removes those of a killed process', async () => {
  const features = await create();
  await features.open();
  await features.append([photo('a', 1)]);
  const store = await features.of(extractor);
  const copies = join(folder.path, `copies-${String(made)}`);
  expect(await selectedOf(store, ['a'])).toEqual([1]);
  expect(await readdir(copies)).toEqual([]);
  await store.snapshot();
  expect(await readdir(copies)).toEqual(['2']);
  const next = new PostgresFeatureStores({ url, folder: copies, report: () => undefined });
  await next.open();
  await expect(readdir(copies)).rejects.toMatchObject({ code: 'ENOENT' });
  await next.close();
  await features.close();
});

it('leaves out a row that is damaged, and says which', async () => {
  const features = await create();
  await features.open();
  await features.append([photo('a', 1), photo('b', 2)]);
  await server.execute(
    url,
    "UPDATE autotag.features SET packed = set_byte(packed, 13, 99) WHERE photo = 'a'",
  );
  expect((await contentOf(await features.of(extractor))).content).toEqual(new Map([['b', 2]]));
  expect(reports).toEqual([expect.stringContaining('autotag.features, of photo a,')]);
  await features.close();
});

it('keeps what is forgotten on one node out of what another one describes', async () => {
  const here = await create();
  const other = stores();
  await here.open();
  await other.open();
  const watch = here.watchRemovals();
  await here.append([photo('a', 1), photo('b', 2)]);
  await other.remove('a', upTo);
  // It was being described meanwhile.
  await here.append([photo('a', 3)], watch.removed);
  const told: string[] = [];
  const away = () => Promise.reject(new Error('nobody is told'));
  await expect(here.followErasures(away)).rejects.toThrow('nobody');
  const tell = (id: string) => Promise.resolve(told.push(id));
  await here.followErasures(tell);
  await here.followErasures(tell);
  expect(told).toEqual(['a']);
  await here.append([photo('a', 4)], watch.removed);
  expect((await contentOf(await here.of(extractor))).content).toEqual(new Map([['b', 2]]));
  await here.close();
  await other.close();
});
