import { Fault } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { openBundle, shortId, type Bundle, type BundleFile } from '../../transport/bundle.ts';
import type { Bundles } from '../../transport/bundles.ts';
import { bundlesOf, isSameSpec } from '../../transport/topology-change.ts';
import type { TopologyRecord } from '../../transport/topology-record.ts';
import type { TopologyRecords } from '../../transport/topology-records.ts';
import type { TopologySpec } from '../../transport/topology-spec.ts';
import { checkDeployable } from './deploy-check.ts';
import { specChanges, type SpecChanges } from './spec-changes.ts';

/** What a deployment works with. */
export interface DeploymentOptions {
  readonly records: TopologyRecords;
  readonly bundles: Bundles;
  /** Topologies that every node knows. */
  readonly builtins: readonly TopologySpec[];
  /** Starts each program and has it do a photo; throws the fault of one that cannot. */
  readonly tryPrograms: (spec: TopologySpec, files: readonly BundleFile[]) => Promise<void>;
  readonly log: Log;
}

/** A topology after a change, and what the change was. */
export interface Deployed {
  readonly record: TopologyRecord;
  readonly changes: SpecChanges;
}

/** Puts topologies in place, as a whole or not at all: checked, tried, stored, and only then written down. */
export class Deployment {
  readonly #options: DeploymentOptions;

  constructor(options: DeploymentOptions) {
    this.#options = options;
  }

  /**
   * Deploys a topology that every node knows.
   * @throws Fault `NOT_FOUND`, `TOPOLOGY_ENDING`, `TOPOLOGY_CHANGED`, `NATS_UNREACHABLE`
   */
  async deployBuiltin(name: string): Promise<Deployed> {
    const { records, builtins } = this.#options;
    const spec = builtins.find((one) => one.name === name);
    if (spec === undefined) throw new Fault('NOT_FOUND', { what: 'built-in topology', id: name });
    const before = await records.get(name);
    const record = await records.deploy(spec, { origin: 'builtin', version: before?.version ?? 0 });
    return this.#done(record, before);
  }

  /**
   * Deploys a topology of a user: as a new one, or as another version of one that there is.
   * @throws Fault `TOPOLOGY_INVALID`, `BUNDLE_INVALID`, `BUNDLE_DAMAGED`, those of a bolt that does not work, `TOPOLOGY_ENDING`,
   * `TOPOLOGY_CHANGED`, `DISK_RESERVE`, `NATS_UNREACHABLE`; nothing has changed then
   */
  async deploy(given: unknown, archive: Uint8Array | undefined): Promise<Deployed> {
    const { records, bundles, builtins, tryPrograms } = this.#options;
    const spec = checkDeployable(given, builtins);
    const before = await records.get(spec.name);
    if (before?.state === 'killing') throw new Fault('TOPOLOGY_ENDING', { name: spec.name });
    const isNew = before === undefined || !isSameSpec(before.spec, spec);
    if (spec.bundle !== undefined) {
      const bundle: Bundle = { id: spec.bundle.id, archive: archive ?? new Uint8Array() };
      const files = openBundle(bundle.archive, bundle.id);
      if (spec.bundle.bytes !== bundle.archive.length)
        throw new Fault('BUNDLE_DAMAGED', { id: shortId(bundle.id), reason: 'its length is another one' });
      if (isNew) await tryPrograms(spec, files);
      await bundles.keep(bundle);
    }
    const record = await records.deploy(spec, { version: before?.version ?? 0 });
    return this.#done(record, before);
  }

  /**
   * Brings back what a topology was before.
   * @throws Fault `NOT_FOUND`, `TOPOLOGY_ENDING`, `REQUEST_INVALID`, `NATS_UNREACHABLE`
   */
  async rollback(name: string): Promise<Deployed> {
    const { records } = this.#options;
    const before = await records.get(name);
    return this.#done(await records.rollback(name), before);
  }

  #done(record: TopologyRecord, before: TopologyRecord | undefined): Deployed {
    void this.#sweep();
    return { record, changes: specChanges(before?.spec, record.spec) };
  }

  /** What no topology is, nor was before, is not needed any more. */
  async #sweep(): Promise<void> {
    const { records, bundles, log } = this.#options;
    try {
      const { topologies } = await records.read();
      await bundles.sweep(bundlesOf(topologies.values()));
    } catch (thrown) {
      log.debug({ fault: Fault.from(thrown).toWire() }, 'old bundles were not removed');
    }
  }
}
