import { Fault } from '../base/errors.ts';
import type { Connection } from '../transport/connection.ts';
import type { ApiTokens } from '../transport/api-tokens.ts';
import { PhotoSubmitter } from '../transport/photo-submitter.ts';
import type { RunRecord } from '../transport/payloads.ts';
import { request, type ReplyOf, type RequestOf } from '../transport/requests.ts';
import { ResultWaiter } from '../transport/result-waiter.ts';
import { nodesForRun, startRunOn } from '../transport/run-start.ts';
import type { RequestName, SubjectTokens } from '../transport/subjects.ts';
import { ClusterOverview } from './cluster-overview.ts';
import { EventHub } from './event-hub.ts';

/** What the HTTP API reaches the cluster by. */
export interface GatewayOptions {
  /** As operator, or as whatever this machine is allowed to be: what that may not do is refused by the server. */
  readonly connection: Connection;
  readonly tokens: ApiTokens;
  readonly maxPhotoBytes: number;
}

/** How one request is sent. */
export interface AskOptions {
  /** On whose behalf, for the audit log. */
  readonly by?: string | undefined;
  /** Default 5000 ms. */
  readonly timeoutMs?: number;
}

/** How long a request with `wait` may wait for the tags of a photo, ms. */
const resultTimeoutMs = 60_000;

/** The cluster as the HTTP API sees it: subjects, through one connection that all requests share. */
export class Gateway {
  readonly tokens: ApiTokens;
  readonly submitter: PhotoSubmitter;
  readonly waiter: ResultWaiter;
  readonly overview: ClusterOverview;
  readonly events: EventHub;
  readonly #connection: Connection;

  private constructor({ connection, tokens, maxPhotoBytes }: GatewayOptions, waiter: ResultWaiter) {
    this.#connection = connection;
    this.tokens = tokens;
    this.waiter = waiter;
    this.submitter = new PhotoSubmitter(connection, { maxPhotoBytes });
    this.overview = new ClusterOverview(connection);
    this.events = new EventHub(connection, this.overview);
  }

  /**
   * Begins to listen to results.
   * @throws Fault `NATS_UNREACHABLE`
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    return new Gateway(options, await ResultWaiter.open(options.connection, resultTimeoutMs));
  }

  /** Asks one question. */
  ask<Name extends RequestName>(
    name: Name,
    tokens: SubjectTokens<Name>,
    value: RequestOf<Name>,
    { by, timeoutMs }: AskOptions = {},
  ): Promise<ReplyOf<Name>> {
    return request(this.#connection, name, tokens, value, timeoutMs, by);
  }

  /**
   * Checks that a node is there, or was of late.
   * @throws Fault `NOT_FOUND`, and as {@link ClusterOverview.get}
   */
  async checkNode(name: string): Promise<void> {
    const { nodes } = await this.overview.get();
    if (nodes.every((node) => node.name !== name)) throw new Fault('NOT_FOUND', { what: 'node', id: name });
  }

  /**
   * Starts a run, on the given node or on the first by name that takes runs.
   * @throws as {@link nodesForRun} and {@link startRunOn}
   */
  async startRun(spec: RequestOf<'runStart'>, node: string | undefined, by: string): Promise<RunRecord> {
    return await startRunOn(this.#connection, await nodesForRun(this.#connection, node), spec, by);
  }

  /** Ends what it listens to; the connection stays open. */
  close(): void {
    this.waiter.close();
    this.events.close();
  }
}
