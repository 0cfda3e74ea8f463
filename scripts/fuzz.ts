// `npm run fuzz`: has schemathesis try the HTTP API of a node with whatever its OpenAPI document allows, and with what it does not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startClusterNode } from '../test/support/cluster-node.ts';

/** Beside wrong use of the API: what fails in the node, and answers that are not as the document says. */
const checks =
  'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';
/** Longer than tags of a photo are waited for. */
const timeoutSeconds = '75';
/** A stream never ends. */
const endless = '/api/v1/events';

const cluster = await startClusterNode({ httpRate: 10_000_000 });
try {
  const operator = await cluster.connect();
  const { token } = await operator.ask('tokenAdd', {}, { name: 'fuzz', role: 'operator' });
  const schemathesis = spawn(
    process.env['SCHEMATHESIS'] ?? 'schemathesis',
    [
      'run',
      `${cluster.node.httpUrl}/api/v1/openapi.json`,
      ...['--header', `Authorization: Bearer ${token}`],
      ...['--checks', checks, '--exclude-path', endless, '--request-timeout', timeoutSeconds],
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit' },
  );
  schemathesis.on('error', (error) => {
    console.error(`${error.message}: \`pip install schemathesis\`, or name it in SCHEMATHESIS.`);
    process.exitCode = 1;
  });
  const [code] = (await once(schemathesis, 'close')) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  await cluster.dispose();
}
