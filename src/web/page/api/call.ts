import { signal } from '@preact/signals';

/** Where the API is, beside the page. */
const base = 'api/v1/';

/** Whether the node has refused a request for want of a token. */
export const tokenWanted = signal(false);

/** An answer that says what went wrong. */
export class ApiError extends Error {
  /** HTTP status; 0 if no answer came. */
  readonly status: number;
  /** Of the catalogue, such as `QUERY_SYNTAX`. */
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly retry: boolean;
  /** When it is worth another try, ms; `undefined` if the server did not say. */
  readonly retryAfterMs: number | undefined;
  /** All that it says. */
  readonly body: unknown;

  constructor(
    status: number,
    { code, message, retry }: { readonly code: string; readonly message: string; readonly retry: boolean },
    { retryAfterMs, body }: { readonly retryAfterMs?: number | undefined; readonly body?: unknown } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.retry = retry;
    this.retryAfterMs = retryAfterMs;
    this.body = body;
  }
}

/** What a request has beside its path. */
export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON, a form as it is. */
  readonly body?: object | FormData;
  /** Those without a value are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** A path whose values are encoded: ids of photos may be any text. */
export function path(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce(
    (whole, part, index) => whole + encodeURIComponent(String(values[index - 1] ?? '')) + part,
  );
}

/**
 * Asks the API; the answer's JSON, whose shape the server's schemas promise.
 * @throws ApiError
 */
export async function call<Answer>(where: string, options: CallOptions = {}): Promise<Answer> {
  const response = await send(where, options);
  return (await response.json()) as Answer;
}

/**
 * As {@link call}; `undefined` where there is nothing of that name.
 * @throws ApiError
 */
export async function callIfThere<Answer>(
  where: string,
  options: CallOptions = {},
): Promise<Answer | undefined> {
  try {
    return await call<Answer>(where, options);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Asks the API; its answer as it comes.
 * @throws ApiError
 */
async function send(where: string, options: CallOptions = {}): Promise<Response> {
  const { method = 'GET', body, signal } = options;
  const isForm = body instanceof FormData;
  const headers = new Headers({ accept: 'application/json' });
  if (body !== undefined && !isForm) headers.set('content-type', 'application/json');
  const response = await fetch(addressOf(where, options), {
    method,
    headers,
    signal: signal ?? null,
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, unreachable);
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** The address of a route. */
export function addressOf(where: string, { query = {} }: Pick<CallOptions, 'query'> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${base}${where}${search === '' ? '' : `?${search}`}`;
}

async function errorOf(response: Response): Promise<ApiError> {
  const { status } = response;
  if (status === 401) tokenWanted.value = true;
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(after) ? after * 1000 : undefined;
  const body = (await response.json().catch(() => undefined)) as
    { error?: { code?: string; message?: string; retry?: boolean } } | undefined;
  const {
    code = 'HTTP',
    message = sentenceOf(status),
    retry = status >= 500 || status === 429,
  } = body?.error ?? {};
  return new ApiError(status, { code, message, retry }, { retryAfterMs, body });
}

const unreachable = {
  code: 'UNREACHABLE',
  message: 'The node does not answer; the page goes on when it is back.',
  retry: true,
};

function sentenceOf(status: number): string {
  if (status === 404) return 'This node does not know what was asked for.';
  if (status === 413) return 'That is larger than this node takes.';
  if (status === 429) return 'The node has too much to do right now; try again shortly.';
  if (status >= 500) return 'The node cannot answer right now; try again shortly.';
  return `The node refused the request (status ${String(status)}).`;
}
