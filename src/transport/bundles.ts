import { Fault } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import { maxBundleBytes, shortId, type Bundle } from './bundle.ts';
import type { Connection } from './connection.ts';
import { ObjectBucket, partsOf, type StoredObject } from './object-bucket.ts';
import { names } from './photo-stream.ts';

/** A bundle that no topology names yet may be about to: it is left alone for so long, ms. */
const graceMs = 3_600_000;

/** The bundles of the cluster's topologies, in JetStream's object store. */
export class Bundles {
  readonly #bucket: ObjectBucket;

  private constructor(bucket: ObjectBucket) {
    this.#bucket = bucket;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(connection: Connection, options: { readonly replicas?: number } = {}): Promise<Bundles> {
    return new Bundles(await ObjectBucket.open(connection, names.bundles, options));
  }

  /**
   * Stores a bundle; one that is there whole, and will not be swept soon, is not sent again.
   * @throws Fault `DISK_RESERVE`, `NATS_UNREACHABLE`
   */
  async keep({ id, archive }: Bundle): Promise<void> {
    const found = await this.#bucket.find(id);
    if (found !== undefined && ageOf(found) < graceMs / 2 && (await this.#isWhole(found))) return;
    await this.#bucket.put(id, partsOf(archive), { storedAt: String(Date.now()) });
  }

  /**
   * The archive of a bundle.
   * @throws Fault `BUNDLE_DAMAGED` (also if it is gone), `NATS_UNREACHABLE`
   */
  async read(id: string): Promise<Uint8Array> {
    const found = await this.#bucket.find(id);
    if (found === undefined) throw damaged(id, 'the cluster does not have it any more');
    const archive = await this.#content(found);
    if (archive === undefined) throw damaged(id, 'what the cluster has of it is not whole');
    return archive;
  }

  /**
   * Removes bundles that no topology names, once they are an hour old.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async sweep(named: ReadonlySet<string>): Promise<void> {
    for (const id of await this.#bucket.names()) {
      if (named.has(id)) continue;
      const found = await this.#bucket.find(id);
      if (found !== undefined && ageOf(found) >= graceMs) await this.#bucket.remove(id);
    }
    await this.#bucket.sweep(graceMs);
  }

  async #isWhole(object: StoredObject): Promise<boolean> {
    return (await this.#content(object)) !== undefined;
  }

  async #content(object: StoredObject): Promise<Uint8Array | undefined> {
    if (object.size > maxBundleBytes) return undefined;
    try {
      const parts: Uint8Array[] = [];
      for await (const part of this.#bucket.read(object)) parts.push(part);
      const archive = Buffer.concat(parts);
      return sha256(archive) === object.name ? archive : undefined;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'OBJECT_DAMAGED') return undefined;
      throw thrown;
    }
  }
}

/** ms */
function ageOf({ metadata: { storedAt } }: StoredObject): number {
  return storedAt === undefined ? Infinity : Date.now() - Number(storedAt);
}

function damaged(id: string, reason: string): Fault {
  return new Fault('BUNDLE_DAMAGED', { id: shortId(id), reason });
}
