import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { Fault, reasonOf } from '../base/errors.ts';
import { topologySpec, type TopologySpec } from '../transport/topology-spec.ts';
import { bundleModule } from './bundler.ts';

/** A topology as its file says, before its programs are bundled. */
export interface TopologyFile {
  readonly spec: TopologySpec;
  /** Where the file is, and with it what it names. */
  readonly folder: string;
}

const maxReason = 300;
const endings = /\.(ts|mts|js|mjs)$/;
const namespace = z.looseObject({ default: z.unknown() });
const thrownFault = z.looseObject({
  code: z.literal('TOPOLOGY_INVALID'),
  message: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});

/**
 * Reads a topology: evaluates its module on this machine, with all rights of whoever calls, and takes its default export.
 * @throws Fault `TOPOLOGY_FILE`, `TOPOLOGY_INVALID`, `FILE_READ`
 */
export async function readTopologyFile(file: string): Promise<TopologyFile> {
  const path = resolve(file);
  const folder = dirname(path);
  if (!endings.test(path)) throw refused(file, 'its name does not end in .ts, .mts, .js or .mjs');
  await stat(path).catch((error: unknown) => {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  });
  const module = namespace.parse(await evaluate(file, await bundleModule(path, folder)));
  return { spec: specOf(file, module.default), folder };
}

async function evaluate(file: string, code: Uint8Array): Promise<unknown> {
  const own = await mkdtemp(join(tmpdir(), 'autotag-topology-'));
  const module = join(own, 'topology.mjs');
  try {
    await writeFile(module, code);
    return { ...((await import(pathToFileURL(module).href)) as object) };
  } catch (error) {
    // The builder that it was bundled with has a class of faults of its own.
    const fault = thrownFault.safeParse(error);
    if (fault.success) throw Fault.fromWire(fault.data);
    throw refused(file, `it throws: ${reasonOf(error).slice(0, maxReason).replace(/\.$/, '')}`, error);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

function specOf(file: string, exported: unknown): TopologySpec {
  if (exported === undefined) throw refused(file, 'it has no default export');
  const isBuilder = typeof exported === 'object' && exported !== null && 'build' in exported;
  if (isBuilder) throw refused(file, 'its default export is not built; end it with .build()');
  const parsed = topologySpec.safeParse(exported);
  if (!parsed.success)
    throw refused(file, 'its default export is not what .build() of autotag/topology gives');
  return parsed.data;
}

function refused(file: string, reason: string, cause?: unknown): Fault {
  return new Fault('TOPOLOGY_FILE', { file, reason }, cause);
}
