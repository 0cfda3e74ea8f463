import { listenToResults } from '../../src/transport/result-publisher.ts';
import type { ResultSubscription } from '../../src/transport/result-publisher.ts';
import { Connection } from '../../src/transport/connection.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import type { Photo } from '../../src/transport/envelope.ts';
import { importModel } from '../../src/transport/model-transfer.ts';
import type { PhotoResult } from '../../src/transport/payloads.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import type { Submitted } from '../../src/transport/photo-submitter.ts';
import { request } from '../../src/transport/requests.ts';
import type { ReplyOf, RequestOf } from '../../src/transport/requests.ts';
import type { RequestName, Role, SubjectTokens } from '../../src/transport/subjects.ts';
import type { ProcessStatus, TreeNode } from '../../src/runtime/index.ts';

/** The token under which a client of a test hears its results. */
const token = 'test';

/** Where a node of a test is reached. */
export interface Reachable {
  /** Of its NATS server. */
  readonly url: string;
  /** Holds the passwords. */
  readonly dataFolder: string;
  /** Its name, `n1` by default. */
  readonly name?: string;
}

/** Speaks to a node as the command line does: over NATS alone. */
export class ClusterClient {
  /** Every result that was heard, by photo id, oldest first. */
  readonly results = new Map<string, PhotoResult[]>();
  readonly connection: Connection;
  readonly #node: string;
  readonly #submitter: PhotoSubmitter;
  readonly #listening: ResultSubscription;

  private constructor(connection: Connection, node: string) {
    this.connection = connection;
    this.#node = node;
    this.#submitter = new PhotoSubmitter(connection, { timeoutMs: 60_000 });
    this.#listening = listenToResults(
      connection,
      token,
      (result) => {
        this.results.set(result.id, [...(this.results.get(result.id) ?? []), result]);
      },
      (error) => {
        throw error;
      },
    );
  }

  /** Connects. */
  static async open(node: Reachable, role: Role = 'operator'): Promise<ClusterClient> {
    const { url, dataFolder, name = 'n1' } = node;
    const credentials = await credentialsFor(url, { dataFolder, role });
    const connection = await Connection.open({ url, role, name: 'test', credentials });
    const client = new ClusterClient(connection, name);
    await client.#listening.ready;
    return client;
  }

  /** Stores a photo; resolves when the stream has it. */
  async submit(photo: Photo): Promise<Submitted> {
    await this.#submitter.ready();
    return await this.#submitter.submit({ client: token, ...photo });
  }

  /** Asks one question. */
  ask<Name extends RequestName>(
    name: Name,
    tokens: SubjectTokens<Name>,
    value: RequestOf<Name>,
  ): Promise<ReplyOf<Name>> {
    return request(this.connection, name, tokens, value, 20_000);
  }

  /** The node's queue, model, counts. */
  status(): Promise<ReplyOf<'status'>> {
    return this.ask('status', {}, {});
  }

  /** A photo's row and dead letters. */
  photo(id: string): Promise<ReplyOf<'photo'>> {
    return this.ask('photo', {}, { id });
  }

  /** Looks at the node, or at another one. */
  async inspect(verb: string, actor?: string, node = this.#node): Promise<unknown> {
    const tokens = { node, verb };
    return (await this.ask('inspect', tokens, actor === undefined ? {} : { actor })).value;
  }

  /** Every process of the node, or of another one. */
  async processes(node?: string): Promise<readonly ProcessStatus[]> {
    return (await this.inspect('list', undefined, node)) as readonly ProcessStatus[];
  }

  /** The node's supervision tree. */
  async tree(): Promise<TreeNode> {
    return (await this.inspect('tree')) as TreeNode;
  }

  /** Acts on the node; `forMs` is how long an actor stays suspended. */
  async control(verb: string, actor?: string, forMs?: number): Promise<unknown> {
    const tokens = { node: this.#node, verb };
    return (await this.ask('control', tokens, { actor, forMs })).value;
  }

  /** Publishes a model file; answers its id. */
  importModel(file: string): Promise<string> {
    return importModel(this.connection, file);
  }

  /** Puts a model in use, or several side by side. */
  activate(...models: string[]): Promise<ReplyOf<'modelActivate'>> {
    return this.ask('modelActivate', {}, { models });
  }

  async close(): Promise<void> {
    this.#listening.stop();
    await this.connection.close();
  }
}
