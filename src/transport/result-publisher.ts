import type { Attributes } from '../base/attributes.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { photoResult, type PhotoResult } from './payloads.ts';
import { subjectOf, wildcardOf } from './subjects.ts';

/** What became of a photo: tags by falling score, or why it has none. */
export type Outcome =
  | {
      readonly model: string;
      readonly tags: readonly { readonly tag: string; readonly score: number }[];
      readonly attributes?: Attributes | undefined;
    }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Whose result it is. */
export interface ResultOwner {
  readonly id: string;
  readonly file: string | undefined;
  readonly client: string | undefined;
}

/** Token of results that no submitter waits for. */
const nobody = '_';

/** Tells each result to whoever listens; the tag store, not this, keeps it. */
export class ResultPublisher {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Sends a result as JSON; nobody need listen, and nothing is sent while the connection is broken. */
  publish(owner: ResultOwner, outcome: Outcome): void {
    if (!this.#connection.connected) return;
    const { id, file } = owner;
    const subject = subjectOf('results', { client: owner.client ?? nobody });
    const result = { id, ...(file === undefined ? {} : { file }), ...outcome };
    clientOf(this.#connection).publish(subject, JSON.stringify(result));
  }
}

/** Listening to results. */
export interface ResultSubscription {
  /** Resolves when the server knows of it: results of photos submitted from then on are heard. */
  readonly ready: Promise<void>;
  stop(): void;
}

/**
 * Calls `onResult` for each result: those of one client token, or everybody's.
 * What cannot be read as a result is passed to `onTrouble`, with `NATS_DENIED` if the server refused.
 */
export function listenToResults(
  connection: Connection,
  client: string | undefined,
  onResult: (result: PhotoResult) => void,
  onTrouble: (error: unknown) => void,
): ResultSubscription {
  const subject = client === undefined ? wildcardOf('results') : subjectOf('results', { client });
  const subscription = clientOf(connection).subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) {
        onTrouble(connection.fault(error, subject));
        return;
      }
      try {
        onResult(photoResult.parse(JSON.parse(message.string())));
      } catch (problem) {
        onTrouble(problem);
      }
    },
  });
  return {
    ready: connection.flush(),
    stop: () => {
      subscription.unsubscribe();
    },
  };
}
