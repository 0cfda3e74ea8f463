import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoPhotos } from '../../scripts/prepare/demo-photos.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;

beforeAll(async () => {
  cluster = await startClusterNode();
  client = await cluster.connect();
});

afterAll(async () => {
  await cluster.dispose();
});

test.each(demoPhotos)('$file is tagged as what it shows', async ({ file, tags }) => {
  const bytes = await readFile(join(packageRoot, '.cache', 'photos', file));
  await client.submit({ id: file, bytes, top: 1 });
  await until(() => client.results.has(file));
  const [result] = client.results.get(file) ?? [];
  expect(result !== undefined && 'tags' in result ? tags : []).toContain(
    result !== undefined && 'tags' in result ? result.tags[0]?.tag : undefined,
  );
});
