import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import type { Envelope } from './envelope.ts';
import { photoResult } from './payloads.ts';
import type { PhotoResult } from './payloads.ts';
import { subjectOf } from './subjects.ts';

/** Results of photos whose submitter named no client. */
const nobody = 'any';

/** What became of a photo, without its id and file. */
export type ResultBody =
  | { readonly model: string; readonly tags: { tag: string; score: number }[] }
  | { readonly error: { code: string; message: string } };

/** Tells whoever listens what became of photos, as JSON. */
export class ResultPublisher {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Publishes one result; nothing while the connection is broken, since the store has it. */
  publish({ id, file, client }: Pick<Envelope, 'id' | 'file' | 'client'>, body: ResultBody): void {
    if (!this.#connection.connected) return;
    const result: PhotoResult = { id, ...(file === undefined ? {} : { file }), ...body };
    clientOf(this.#connection).publish(subjectOf('results', { client: client ?? nobody }), JSON.stringify(result));
  }
}

/**
 * Calls `onResult` for each result of photos submitted with this client token; the answer ends that.
 * Results published while the connection is broken are missed: ask for them (subject `photo`).
 */
export function subscribeResults(
  connection: Connection,
  client: string,
  onResult: (result: PhotoResult) => void,
): () => void {
  const subscription = clientOf(connection).subscribe(subjectOf('results', { client }), {
    callback: (error, message) => {
      // A refused subscription is reported by the connection's events.
      if (error !== null) return;
      const result = photoResult.safeParse(parsed(message.string()));
      if (result.success) onResult(result.data);
    },
  });
  return () => {
    subscription.unsubscribe();
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
