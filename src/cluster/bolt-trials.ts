import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { BundleFile } from '../transport/bundle.ts';
import type { TopologySpec } from '../transport/topology-spec.ts';
import { tryBolt } from './bolt/bolt-trial.ts';
import { writeBundleFiles } from './bundle-folder.ts';

/** What trials work with. */
export interface BoltTrialsOptions {
  /** Where bundles are unpacked for as long as they are tried. */
  readonly folder: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** Tries the programs of a topology before it is deployed: a bolt that does not work never runs beside those that do. */
export class BoltTrials {
  readonly #options: BoltTrialsOptions;

  constructor(options: BoltTrialsOptions) {
    this.#options = options;
  }

  /**
   * Starts each program in a folder of its own and has it do one photo.
   * @throws Fault of the first bolt that does not work: `BOLT_START`, `BOLT_FAILED`, `BOLT_DIED`, `BOLT_DEADLINE`, `BOLT_FLOODED`,
   * `BOLT_MEMORY`
   */
  async run({ name: topology, components }: TopologySpec, files: readonly BundleFile[]): Promise<void> {
    const { folder, log, clock } = this.#options;
    const photo = await samplePhoto();
    await mkdir(folder, { recursive: true });
    await Promise.all(
      components.map(async ({ name: component, program }) => {
        if (program === undefined) return;
        const own = await mkdtemp(join(folder, 'trial-'));
        try {
          await writeBundleFiles(own, files);
          await tryBolt({ program, folder: own, topology, component, photo, log, clock });
        } finally {
          await rm(own, { recursive: true, force: true });
        }
      }),
    );
  }
}

/** A small photo with EXIF. */
function samplePhoto(): Promise<Uint8Array> {
  const create = { width: 64, height: 48, channels: 3, background: { r: 90, g: 140, b: 60 } } as const;
  const exif = {
    IFD0: { Make: 'Autotag', Model: 'Sample', Orientation: '1' },
    IFD2: { DateTimeOriginal: '2024:05:06 07:08:09' },
  };
  return sharp({ create }).jpeg().withExif(exif).toBuffer();
}
