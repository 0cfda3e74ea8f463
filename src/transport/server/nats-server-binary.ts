import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Fault } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';

// Debian installs servers where an ordinary user's PATH does not look.
const systemFolders = ['/usr/local/sbin', '/usr/sbin'];

/**
 * The nats-server to run: `AUTOTAG_NATS_SERVER`, `.cache/bin/nats-server` of the package, or the first on PATH.
 * @throws Fault `NATS_MISSING`
 */
export async function findNatsServer(environment = process.env): Promise<string> {
  const chosen = environment['AUTOTAG_NATS_SERVER'];
  if (chosen !== undefined && chosen !== '') return await orMissing([chosen]);
  const path = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return await orMissing([
    join(packageRoot, '.cache/bin/nats-server'),
    ...[...path, ...systemFolders].map((folder) => join(folder, 'nats-server')),
  ]);
}

async function orMissing(candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not this one: the next, or the fault below.
    }
  }
  throw new Fault('NATS_MISSING');
}
