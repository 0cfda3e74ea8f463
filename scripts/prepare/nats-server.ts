import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../src/base/errors.ts';
import { findNatsServer } from '../../src/transport/server/nats-server-binary.ts';
import { runCommand } from './command.ts';
import type { SetupStep } from './step.ts';

/** The version that is built where Go is recent enough. */
const builtVersion = '2.15.2';
const goNeeded = '1.26.0';
/** The oldest version that is known to work. */
const oldestVersion = '2.9.10';

const binary = 'nats-server';

/**
 * The nats-server that nodes start: one that is there already, else built with Go, else unpacked from Debian's package.
 * @param binFolder - where one of our own goes; nodes look there first
 * @param find - how nodes find theirs
 */
export function natsServerStep(binFolder: string, find = findNatsServer): SetupStep {
  return {
    title: 'nats-server',
    advice: `Install nats-server ${oldestVersion} or newer (Debian: \`apt-get install nats-server\`; macOS: \`brew install nats-server\`), or say where it is: AUTOTAG_NATS_SERVER=/path/to/nats-server.`,
    run: async (note) => {
      const found = await find().catch(() => undefined);
      if (found !== undefined && (await works(found))) return undefined;
      const named = process.env['AUTOTAG_NATS_SERVER'] ?? '';
      if (named !== '')
        throw new Error(`AUTOTAG_NATS_SERVER=${named} is no nats-server ${oldestVersion} or newer`);
      return obtain(binFolder, note);
    },
  };
}

async function works(file: string): Promise<boolean> {
  try {
    const printed = await runCommand(file, ['--version'], { timeoutMs: 10_000 });
    return isAtLeast(versionIn(printed), oldestVersion);
  } catch {
    return false;
  }
}

async function obtain(binFolder: string, note: (doing: string) => void): Promise<string> {
  await mkdir(binFolder, { recursive: true });
  const failures: string[] = [];
  for (const way of [buildWithGo, unpackDebianPackage]) {
    const folder = await mkdtemp(join(binFolder, 'new-'));
    try {
      const what = await way(folder, note);
      const file = join(folder, binary);
      if (!(await works(file))) throw new Error(`${file} does not run`);
      await rename(file, join(binFolder, binary));
      return what;
    } catch (error) {
      failures.push(reasonOf(error));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new Error(`none was found, and none could be got:\n    - ${failures.join('\n    - ')}`);
}

async function buildWithGo(folder: string, note: (doing: string) => void): Promise<string> {
  const found = versionIn(await runCommand('go', ['env', 'GOVERSION'], { env: { GOTOOLCHAIN: 'local' } }));
  if (!isAtLeast(found, goNeeded))
    throw new Error(`Go ${found ?? 'of an unknown version'} is older than ${goNeeded}`);
  note(`go install, version ${builtVersion}, about a minute`);
  await runCommand('go', ['install', `github.com/nats-io/nats-server/v2@v${builtVersion}`], {
    cwd: folder,
    env: { GOBIN: folder, GOTOOLCHAIN: 'local', GOFLAGS: '', CGO_ENABLED: '0' },
  });
  return `built version ${builtVersion}`;
}

/** Unpacked, not installed: that needs no root, and no service starts that would take the port. */
async function unpackDebianPackage(folder: string, note: (doing: string) => void): Promise<string> {
  const download = () => runCommand('apt-get', ['download', binary], { cwd: folder });
  note('apt-get download');
  try {
    await download();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await runCommand('apt-get', ['update']);
    await download();
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb')) ?? 'no archive';
  await runCommand('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: folder });
  await copyFile(join(folder, 'unpacked/usr/sbin', binary), join(folder, binary));
  await chmod(join(folder, binary), 0o755);
  return `unpacked Debian's package`;
}

/** The first version number in a text. */
export function versionIn(text: string): string | undefined {
  return /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0];
}

/** Whether a version is at least another, number by number. */
export function isAtLeast(found: string | undefined, needed: string): boolean {
  if (found === undefined) return false;
  const numbers = found.split('.').map(Number);
  for (const [place, number] of needed.split('.').map(Number).entries()) {
    const own = numbers[place] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}
