import { z } from 'zod';
import { Fault } from './errors.ts';

const mebibyte = 1024 * 1024;

/** One option: what it is, in which unit, its default and its limits. Help, docs and validation come from here. */
interface OptionRow<T> {
  readonly doc: string;
  readonly unit?: string;
  /** Environment variable that is read where the command line does not say it: for what holds a password. */
  readonly env?: string;
  readonly schema: z.ZodType<T>;
}

const row = <T>(doc: string, schema: z.ZodType<T>, unit?: string): OptionRow<T> =>
  unit === undefined ? { doc, schema } : { doc, schema, unit };

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(86_400_000).default(fallback);

/** Some names with commas between them, as one text. */
const names = (name: RegExp) =>
  z
    .string()
    .max(4096)
    .refine((text) => namesOf(text).every((one) => name.test(one)), 'has a name that cannot be one');

const hostName = /^[a-z0-9.:-]{1,253}$/;
const origin = /^https?:\/\/[a-z0-9.-]{1,253}(:\d{1,5})?$/;

/** The names of an option that takes several. */
export function namesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** What a node can be told, one row an option. */
export const nodeOptions = {
  name: row(
    'name of the node',
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
      .default('n1'),
  ),
  data: row('folder that keeps everything of this node', z.string().min(1).default('autotag-data')),
  port: row(
    'port of the embedded nats-server, on loopback',
    z.coerce.number().int().min(1).max(65_535).default(4222),
  ),
  listen: row(
    'address of this machine, or ADDRESS:PORT, where the embedded nats-server listens for other machines, with TLS and passwords; instead of loopback',
    z.string().min(1).max(512).optional(),
  ),
  httpPort: row(
    'port of the HTTP API, metrics and health, on loopback',
    z.coerce.number().int().min(0).max(65_535).default(4280),
  ),
  httpListen: row(
    'address of this machine, or ADDRESS:PORT, where the HTTP API is served to other machines, with TLS and tokens; instead of loopback',
    z.string().min(1).max(512).optional(),
  ),
  httpHosts: row(
    'names, with commas between them, under which a proxy on this machine offers the HTTP API of loopback; everybody needs a token then',
    names(hostName).optional(),
  ),
  httpOrigins: row(
    'origins, with commas between them, whose pages may use the HTTP API: https://photos.example.org',
    names(origin).optional(),
  ),
  httpRate: row(
    'requests that the HTTP API takes of one client',
    z.coerce.number().int().min(1).max(10_000_000).default(12_000),
    'requests a minute',
  ),
  httpNats: {
    ...row(
      "on a node with --nats: URL with an operator's password, or a token of `cluster invite --role operator`, for what operators do by HTTP",
      z.string().min(1).optional(),
    ),
    env: 'CLUSTER_HTTP_NATS',
  },
  fetchHosts: row(
    'hosts, with commas between them, that the HTTP API may fetch photos from',
    names(hostName).optional(),
  ),
  nats: row(
    'URL of an existing nats-server, or a token of `cluster invite`, instead of the embedded one',
    z.string().min(1).optional(),
  ),
  storeUrl: {
    ...row(
      'URL of a PostgreSQL database that keeps tags, features and thumbnails, instead of files',
      z.string().min(1).max(4096).optional(),
    ),
    env: 'CLUSTER_STORE_URL',
  },
  threads: row('worker threads; 0 is one a core', z.coerce.number().int().min(0).max(256).default(0)),
  jobThreads: row(
    'threads for tasks of training runs; 0 is one a core',
    z.coerce.number().int().min(0).max(256).default(0),
  ),
  takes: row(
    'what the node does: all, or only photos, or only tasks of training runs that other nodes coordinate',
    z.enum(['all', 'photos', 'tasks']).default('all'),
  ),
  maxPhotoBytes: row(
    'largest photo',
    z.coerce
      .number()
      .int()
      .min(1)
      .max(24 * mebibyte)
      .default(24 * mebibyte),
    'bytes',
  ),
  maxPhotoPixels: row('largest photo', z.coerce.number().int().min(1).default(100_000_000), 'pixels'),
  thumbnailPx: row(
    'longest side of the thumbnail that is kept of each photo; 0 keeps none',
    z.coerce.number().int().min(0).max(512).default(0),
    'pixels',
  ),
  window: row(
    'photos under lease at once; 0 is eight a thread, at least 32',
    z.coerce.number().int().min(0).max(4096).default(0),
    'photos',
  ),
  ackWaitMs: row('lease on a photo', milliseconds(10_000), 'ms'),
  nodeLeaseMs: row(
    'silence after which others take a node for lost, and its leadership over',
    z.coerce.number().int().min(500).max(600_000).default(4_000),
    'ms',
  ),
  decodeTimeoutMs: row('deadline for decoding a photo', milliseconds(5_000), 'ms'),
  taskTimeoutMs: row('deadline for a photo in a worker thread', milliseconds(10_000), 'ms'),
  drainTimeoutMs: row('time to finish what is in flight when the node stops', milliseconds(6_000), 'ms'),
  maxAttempts: row(
    'tries before a photo is a dead letter',
    z.coerce.number().int().min(1).max(20).default(5),
  ),
  queueBytes: row(
    'largest queue of photos; 0 sizes it from the free disk',
    z.coerce.number().int().min(0).default(0),
    'bytes',
  ),
  replicas: row(
    'copies that the NATS servers keep of everything; 0 is 3 on a cluster of three servers or more, else 1',
    z.coerce.number().int().min(0).max(5).default(0),
  ),
  diskReserveBytes: row(
    'disk space that is never filled',
    z.coerce
      .number()
      .int()
      .min(0)
      .default(1024 * mebibyte),
    'bytes',
  ),
  logLevel: row('what is logged', z.enum(['debug', 'info', 'warn', 'error']).default('info')),
} as const satisfies Record<string, OptionRow<unknown>>;

/** A name of the table {@link nodeOptions}. */
export type NodeOptionName = keyof typeof nodeOptions;

/** Options of a node, checked and with defaults filled in. */
export type NodeOptions = {
  readonly [Name in NodeOptionName]: z.infer<(typeof nodeOptions)[Name]['schema']>;
};

/**
 * Checks options given as text or values and fills in the defaults.
 * @throws Fault `USAGE` that names the first wrong option
 */
export function parseNodeOptions(given: Partial<Record<NodeOptionName, unknown>>): NodeOptions {
  const entries = Object.entries(nodeOptions).map(([name, option]) => {
    const result = option.schema.safeParse(given[name as NodeOptionName]);
    if (!result.success) {
      const problem = result.error.issues[0]?.message ?? 'wrong value';
      throw new Fault('USAGE', { reason: `${flagOf(name)}: ${problem}` });
    }
    return [name, result.data] as const;
  });
  const options = Object.fromEntries(entries) as NodeOptions;
  if (options.listen !== undefined && options.nats !== undefined)
    throw new Fault('USAGE', { reason: '--listen is for the embedded nats-server: leave it out, or --nats' });
  if (options.queueBytes !== 0 && options.nats !== undefined)
    throw new Fault('USAGE', {
      reason:
        '--queue-bytes is for the embedded nats-server: leave it out, and limit an existing one by its max_file_store',
    });
  return options;
}

/** The command-line flag of an option: `ackWaitMs` is `--ack-wait-ms`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
