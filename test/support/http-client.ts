import { get, type IncomingHttpHeaders } from 'node:http';

/** What a route of the HTTP API has answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or text. */
  readonly body: unknown;
}

/** How one request is sent. */
export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly form?: FormData;
}

/** Speaks to the HTTP API of a node, with a token or without. */
export class HttpClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, token?: string) {
    this.#url = `${url}/api/v1`;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async send(path: string, { method, headers, json, form }: HttpRequest = {}): Promise<Answer> {
    const response = await fetch(`${this.#url}${path}`, {
      method: method ?? (json === undefined && form === undefined ? 'GET' : 'POST'),
      headers: {
        ...this.#headers,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(form === undefined ? {} : { body: form }),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }
}

/** A photo of a form; `owner` is that of all behind it as well. */
interface FormPhoto {
  readonly file: string;
  readonly id?: string;
  readonly owner?: string;
  readonly bytes: Uint8Array;
}

/** Photos as a form sends them; an id and an owner stand before their file. */
export function photoForm(photos: readonly FormPhoto[]) {
  const form = new FormData();
  for (const { file, id, owner, bytes } of photos) {
    if (owner !== undefined) form.append('owner', owner);
    if (id !== undefined) form.append('id', id);
    form.append('file', new Blob([new Uint8Array(bytes)]), file);
  }
  return form;
}

/** Sends a GET with any headers, also those that `fetch` keeps to itself. */
export function rawRequest(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    }).on('error', reject);
  });
}
