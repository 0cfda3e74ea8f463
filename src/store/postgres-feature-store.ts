import { checkPhotoId } from '../base/ids.ts';
import type { FeatureCopies } from '../model/feature-store/feature-copies.ts';
import type { FeatureSelection, FeatureSnapshot } from '../model/feature-store/feature-snapshot.ts';
import type { FeatureRow, FeatureStore } from '../model/feature-store/feature-store.ts';
import type { Report } from '../model/feature-store/recovery.ts';
import { damagedRow, unpackRow } from '../model/feature-store/segment-format.ts';
import type { ExtractorReference } from '../model/model-header.ts';
import {
  hasStatement,
  pageStatement,
  selectStatement,
  type PackedFeatures,
} from './postgres/feature-statements.ts';
import type { Sql } from './postgres/server-pools.ts';
import type { ServerStore } from './postgres/server-store.ts';

/** What the store of an extractor works with. */
export interface PostgresFeatureStoreOptions {
  readonly server: ServerStore;
  readonly copies: FeatureCopies;
  readonly report: Report;
}

/** Rows that are read at once: some megabytes. */
const pageRows = 1_024;

/** Features by one extractor, in a table of a PostgreSQL server; threads read copies. */
export class PostgresFeatureStore implements FeatureStore {
  readonly extractor: ExtractorReference;
  readonly #server: ServerStore;
  readonly #copies: FeatureCopies;
  readonly #report: Report;

  constructor(extractor: ExtractorReference, { server, copies, report }: PostgresFeatureStoreOptions) {
    this.extractor = extractor;
    this.#server = server;
    this.#copies = copies;
    this.#report = report;
  }

  async has(id: string): Promise<boolean> {
    const statement = hasStatement(this.extractor, checkPhotoId(id));
    return (await this.#server.use(() => this.#server.pools.read(statement))).length > 0;
  }

  snapshot(): Promise<FeatureSnapshot> {
    return this.#copies.make(this.extractor, this.#all(), (copy) => copy.snapshot());
  }

  select(ids: readonly string[]): Promise<FeatureSelection> {
    return this.#copies.make(this.extractor, this.#of(ids), (copy) => copy.select(ids));
  }

  release({ id }: Pick<FeatureSnapshot, 'id'>): Promise<void> {
    return this.#copies.remove(id);
  }

  async *#all(): AsyncGenerator<FeatureRow[]> {
    for (let after: string | undefined = ''; after !== undefined;) {
      const page: readonly PackedFeatures[] = await this.#read(
        pageStatement(this.extractor, after, pageRows),
      );
      yield this.#unpacked(page);
      after = page.length < pageRows ? undefined : page.at(-1)?.[0];
    }
  }

  async *#of(ids: readonly string[]): AsyncGenerator<FeatureRow[]> {
    for (let first = 0; first < ids.length; first += pageRows) {
      const page = await this.#read(selectStatement(this.extractor, ids.slice(first, first + pageRows)));
      yield this.#unpacked(page);
    }
  }

  #read(statement: Sql): Promise<PackedFeatures[]> {
    return this.#server.use(() => this.#server.pools.read<PackedFeatures>(statement));
  }

  /** Those that are what was written. */
  #unpacked(rows: readonly PackedFeatures[]): FeatureRow[] {
    return rows.flatMap(([id, packed]) => {
      const features = unpackRow(packed, this.extractor.dims);
      if (features !== undefined) return [{ id, features }];
      this.#report(damagedRow(`autotag.features, of photo ${id},`, 0));
      return [];
    });
  }
}
