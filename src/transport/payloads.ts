import { z } from 'zod';
import { apiTokenWish, shownApiToken } from './api-token.ts';
import { attributes } from './bolt-tuple.ts';
import { askedText, correction, correctionExchanges, photoId, shownTag } from './correction-payloads.ts';
import { runId, runSpec } from './run-spec.ts';
import { firing, scheduleName, scheduleSpec, scheduleStatus } from './schedule-record.ts';
import { topologyName } from './topology-spec.ts';

/** A fault as it travels ({@link WireFault}); codes of newer versions are let through. */
export const wireFault = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

/** Whose a photo is, as its submitter said. */
const owner = z.string().min(1).max(256);
const sequence = z.int().min(1);
const count = z.int().min(0);

/** One tag of a photo; `score` is calibrated, 0 to 1. */
const tag = z.object({ tag: z.string(), score: z.number() });
/** A tag and how many photos have it. */
const tagCount = z.object({ tag: z.string(), photos: count });

/** What became of one photo: its tags by falling score, or why it has none. The one shape of results and `submit --wait`. */
export const photoResult = z.union([
  z.object({
    id: photoId,
    file: z.string().optional(),
    model: z.string(),
    tags: z.array(shownTag),
    attributes: attributes.optional(),
    /** Of a stored photo, if users have corrected it. */
    corrections: z.array(correction).optional(),
  }),
  z.object({
    id: photoId,
    file: z.string().optional(),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);
/** See {@link photoResult}. */
export type PhotoResult = z.infer<typeof photoResult>;

/** A dead letter without its bytes. */
export const deadLetter = z.object({
  sequence,
  id: photoId,
  file: z.string().optional(),
  client: z.string().optional(),
  rerun: count,
  bytes: count,
  code: z.string(),
  message: z.string(),
  attempts: count,
  /** ms since the epoch */
  submittedAt: z.number(),
  /** ms since the epoch */
  buriedAt: z.number(),
});
/** See {@link deadLetter}. */
export type DeadLetter = z.infer<typeof deadLetter>;

/** Which dead letters: some, those of one photo, or all. */
export const deadSelection = z.union([
  z.object({ sequences: z.array(sequence).min(1).max(10_000) }),
  z.object({ id: photoId }),
  z.object({ all: z.literal(true) }),
]);
/** See {@link deadSelection}. */
export type DeadSelection = z.infer<typeof deadSelection>;

const bytes = z.instanceof(Uint8Array);

const modelId = z.string().regex(/^[0-9a-f]{64}$/, 'is no id of a model');
/** An id, or enough of its beginning to be the only one. */
const modelPrefix = z
  .string()
  .regex(/^[0-9a-f]{6,64}$/, 'is no id of a model: give 6 to 64 of its hex digits');

/** Where a model comes from. */
const modelKind = z.enum(['starter', 'trained', 'preview', 'composed', 'imported']);

/** What an evaluation came to; fractions, 0 to 1. */
const evaluationSummary = z.object({
  /** Mean of the average precisions of the judged classes. */
  meanAveragePrecision: z.number(),
  /** Classes with held-out photos for and against. */
  judgedClasses: count,
  /** Expected calibration error. */
  calibrationError: z.number().optional(),
  /** At the thresholds. */
  precision: z.number().optional(),
  /** At the thresholds. */
  recall: z.number().optional(),
});

/** What whoever publishes a model says of it. */
const modelMetadata = z.object({
  /** When it was made, ISO 8601. */
  created: z.string(),
  kind: modelKind,
  description: z.string().max(4096),
  /** Ids of the models that it was made from. */
  parents: z.array(modelId).max(256),
  blocks: z
    .array(
      z.object({
        name: z.string(),
        /** Id and version: `lite0-1`. */
        extractor: z.string(),
        score: z.string(),
        classes: count,
      }),
    )
    .min(1)
    .max(256),
  /** The training run. */
  run: z.string().optional(),
  evaluation: evaluationSummary.optional(),
});
/** See {@link modelMetadata}. */
export type ModelMetadata = z.infer<typeof modelMetadata>;

/** What the registry knows of a model. */
export const modelRecord = modelMetadata.extend({
  id: modelId,
  /** Of the file. */
  bytes: count,
  /** ms since the epoch */
  publishedAt: z.number(),
  /** SHA-256 of the documents beside it. */
  documents: z.object({ evaluation: modelId.optional(), report: modelId.optional() }),
});
/** See {@link modelRecord}. */
export type ModelRecord = z.infer<typeof modelRecord>;

const activation = z.object({ number: count, model: modelId });

/** One class of two models. */
const classChange = z.object({ name: z.string(), before: z.number(), after: z.number(), change: z.number() });

/** One model's evaluation against another's. */
const modelDiff = z.object({
  /** Mean average precision of both over the classes that both were judged on. */
  common: z.object({
    classes: count,
    before: z.number().nullable(),
    after: z.number().nullable(),
    change: z.number().nullable(),
  }),
  /** By average precision, the greatest change first. */
  gained: z.array(classChange),
  lost: z.array(classChange),
  /** Whose threshold moved, the most first. */
  thresholds: z.array(classChange),
  added: z.array(z.string()),
  removed: z.array(z.string()),
});

/** Name of a node. */
export const nodeName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);
const blobId = z.string().regex(/^[0-9a-f]{64}$/);

/** An immutable file: SHA-256 and length. */
const blobRef = z.object({ id: blobId, bytes: count });

/** A task as it waits in the queue. */
export const queuedTask = z.object({
  run: runId,
  /** The node that coordinates the run and has its blobs. */
  node: nodeName,
  kind: z.string().min(1).max(64),
  key: z.string().min(1).max(256),
  parameters: z.json(),
  inputs: z.array(blobRef),
});
/** See {@link queuedTask}. */
export type QueuedTask = z.infer<typeof queuedTask>;

const progress = z.object({ done: z.number(), total: z.number() });

/** What has become of a task. */
export const taskRecord = z.discriminatedUnion('state', [
  /** Tried in vain, for the reason given, and to be tried again. */
  z.object({ state: z.literal('waiting'), attempts: count, fault: wireFault.optional() }),
  z.object({
    state: z.literal('running'),
    node: nodeName,
    /** This one included. */
    attempts: count,
    progress,
    /** Of the attempt before. */
    fault: wireFault.optional(),
  }),
  z.object({
    state: z.literal('done'),
    node: nodeName,
    attempts: count,
    outputs: z.array(blobRef),
    value: z.json(),
    /** How long the last attempt took, ms. */
    tookMs: z.number(),
  }),
  z.object({ state: z.literal('failed'), node: nodeName, attempts: count, fault: wireFault }),
]);
/** See {@link taskRecord}. */
export type TaskRecord = z.infer<typeof taskRecord>;

/** What is known of a run. */
export const runRecord = z.object({
  id: runId,
  /** The node that coordinates it. */
  node: nodeName,
  /** What it was told to do. */
  spec: z.json(),
  state: z.enum(['running', 'done', 'failed', 'cancelled', 'paused']),
  /** What it does now. */
  step: z.string().optional(),
  /** Of that step. */
  progress: progress
    .extend({
      /** How much of the step is done, 0 to 1, where `total` is unknown (0). */
      share: z.number().optional(),
    })
    .optional(),
  /** Anything else that is worth showing. */
  detail: z.json().optional(),
  fault: wireFault.optional(),
  /** ms since the epoch */
  startedAt: z.number(),
  /** ms since the epoch */
  updatedAt: z.number(),
});
/** See {@link runRecord}. */
export type RunRecord = z.infer<typeof runRecord>;

/** A photo, or a part of the input, that a run has no tags for. */
export const runFailure = z.object({
  id: z.string().optional(),
  file: z.string().optional(),
  line: count.optional(),
  code: z.string(),
  message: z.string(),
});
/** See {@link runFailure}. */
export type RunFailure = z.infer<typeof runFailure>;

/** Larger than any: WebP of 512 × 512 pixels is smaller than they are. */
const thumbnail = bytes.refine(({ length }) => length > 0 && length <= 1024 * 1024, 'is no thumbnail');

/** What is kept of a photo: its row in the tag store, its features and its thumbnail. */
const taggedPhoto = z.object({
  result: z.object({
    photoId,
    submission: z.object({ epoch: count, sequence: count }),
    file: z.string().max(4096).optional(),
    owner: owner.optional(),
    activation: count,
    model: z.string().max(256),
    extractor: z.string().max(256),
    sha256: z.string().optional(),
    width: count.optional(),
    height: count.optional(),
    taggedAt: count,
    tags: z.array(tag),
    attributes: attributes.optional(),
  }),
  features: z
    .array(
      z.object({
        extractor: z.object({ id: z.string(), version: count, dims: count, parametersHash: z.string() }),
        offset: z.number(),
        scale: z.number(),
        values: bytes,
      }),
    )
    .max(16),
  thumbnail: thumbnail.optional(),
});

/** An actor by name or pid. */
const actorName = z
  .string()
  .regex(/^(#[\w-]{1,64}|[A-Za-z0-9][\w:/-]{0,127})$/, 'is no name or pid of an actor');

/** Why an actor ended. */
const exitReason = z.union([
  z.enum(['normal', 'shutdown', 'killed', 'noproc', 'noconnection']),
  z.object({ shutdown: z.string() }),
  z.object({ fault: wireFault }),
]);
/** See {@link exitReason}. */
export type WireExit = z.infer<typeof exitReason>;

/** What a topology is told to be. */
const topologyState = z.object({
  name: topologyName,
  status: z.enum(['active', 'inactive', 'killing']),
  /** Grows with each change. */
  version: count,
});

/** What a deploy or a rollback has made of a topology. */
const topologyDeployed = topologyState.extend({
  /** Components that were not there before, are not there any more, or are others now. */
  changes: z.object({
    added: z.array(topologyName),
    removed: z.array(topologyName),
    changed: z.array(topologyName),
  }),
});

/** How a topology does. */
const topologyStatus = topologyState.extend({
  /** The files of its users' bolts. */
  bundle: z.string().optional(),
  /** Whether it was another one before, which a rollback brings back. */
  canRollBack: z.boolean(),
  /** Whether all of it runs as this version says, on every node. */
  settled: z.boolean(),
  /** Of all components: those that are placed on nodes, and those that run. */
  tasks: z.object({ wanted: count, placed: count, running: count }),
  /** On which it has tasks. */
  nodes: count,
  /** To how many a rebalance has limited it. */
  maxNodes: count.optional(),
  /** Since it was deployed. */
  uptimeMs: z.number(),
  components: z.array(
    z.object({
      name: topologyName,
      kind: z.enum(['spout', 'bolt']),
      tasks: z.object({ wanted: count, placed: count, running: count }),
      /** Tasks of an earlier revision that run until those of this one do; not counted in `running`. */
      outdated: count,
      /** By name. */
      nodes: z.array(z.object({ node: nodeName, tasks: count })),
      /** Tasks that do not run, and why. */
      failed: z.array(z.object({ node: nodeName, index: count, code: z.string(), message: z.string() })),
      /** Tasks that run, but have crashed before: how often, and why the last time. */
      restarted: z.array(
        z.object({ node: nodeName, index: count, restarts: count, code: z.string(), message: z.string() }),
      ),
    }),
  ),
});
/** See {@link topologyStatus}. */
export type TopologyStatus = z.infer<typeof topologyStatus>;

/** Request and reply of each request subject. */
export const exchanges = {
  ...correctionExchanges,
  search: {
    request: z.object({
      query: askedText.max(4096),
      limit: z.int().min(1).max(1000).default(20),
      /** `next` of the page before */
      after: z.string().max(1024).optional(),
      /** How many of the hits' most frequent tags are wanted, with counts. */
      facets: z.int().min(0).max(100).default(0),
    }),
    reply: z.object({
      photos: z.array(
        z.object({
          id: photoId,
          file: z.string().optional(),
          owner: owner.optional(),
          /** how sure the store is that all wanted tags apply, 0 to 1 */
          score: z.number(),
          model: z.string(),
          /** ms since the epoch */
          taggedAt: z.number(),
          tags: z.array(shownTag),
          attributes: attributes.optional(),
          corrections: z.array(correction).optional(),
        }),
      ),
      next: z.string().optional(),
      /** With facets: all hits, or as many as were counted if there are `more`. */
      total: z.object({ photos: count, more: z.boolean() }).optional(),
      /** The most frequent first. */
      facets: z.array(tagCount).optional(),
    }),
  },
  tags: {
    request: z.object({
      /** As searches compare tags: case makes no difference. */
      prefix: askedText.max(1024).default(''),
      limit: z.int().min(1).max(50).default(20),
    }),
    /** Those of most photos first. */
    reply: z.object({ tags: z.array(tagCount) }),
  },
  photo: {
    request: z.object({ id: photoId }),
    reply: z.object({
      result: photoResult.optional(),
      /** Not among what {@link photoResult} tells whoever hears results, as what follows. */
      owner: owner.optional(),
      /** Of a photo with a result; ms since the epoch. */
      taggedAt: z.number().optional(),
      dead: z.array(deadLetter),
    }),
  },
  thumbnail: {
    request: z.object({ id: photoId }),
    /** Absent of a photo that has none. */
    reply: z.object({
      thumbnail: z
        .object({
          bytes: thumbnail,
          /** Media type. */
          type: z.literal('image/webp'),
          /** Another one for other bytes; without quotes. */
          etag: z.string(),
        })
        .optional(),
    }),
  },
  status: {
    request: z.object({}),
    reply: z.looseObject({
      node: z.string(),
      version: z.string(),
      model: z.string().optional(),
      queue: z.object({ photos: count, bytes: count, maxBytes: z.number(), inFlight: count }),
      deadLetters: count,
    }),
  },
  deadList: {
    request: z.object({
      limit: z.int().min(1).max(1000).default(100),
      after: count.default(0),
      id: photoId.optional(),
    }),
    reply: z.object({ letters: z.array(deadLetter), next: sequence.optional() }),
  },
  deadShow: {
    request: z.object({ sequence }),
    reply: z.object({ letter: deadLetter, photo: bytes }),
  },
  deadRetry: { request: deadSelection, reply: z.object({ retried: count }) },
  deadRemove: { request: deadSelection, reply: z.object({ removed: count }) },
  blobOffer: {
    request: z.object({ run: runId, id: blobId }),
    reply: z.object({ there: z.boolean() }),
  },
  keepResults: {
    request: z.object({ photos: z.array(taggedPhoto).min(1).max(1024) }),
    reply: z.object({ outcomes: z.array(z.enum(['stored', 'superseded'])) }),
    maxRequestBytes: 16 * 1024 * 1024,
  },
  runStart: { request: runSpec, reply: runRecord },
  /** All runs that are remembered, the latest first, or one. */
  runList: { request: z.object({ run: runId.optional() }), reply: z.object({ runs: z.array(runRecord) }) },
  runCancel: { request: z.object({ run: runId }), reply: runRecord },
  runPause: { request: z.object({ run: runId }), reply: runRecord },
  runResume: { request: z.object({ run: runId }), reply: runRecord },
  runFailures: {
    request: z.object({
      run: runId,
      /** `next` of the page before. */
      after: count.default(0),
    }),
    reply: z.object({ failures: z.array(runFailure), next: count.optional() }),
  },
  forget: {
    request: z.object({ id: photoId }),
    /** `features` has a row for each extractor. */
    reply: z.looseObject({
      stored: count,
      features: count,
      thumbnails: count.optional(),
      deadLetters: count,
    }),
  },
  modelList: {
    request: z.object({}),
    reply: z.object({ models: z.array(modelRecord), active: activation.optional() }),
  },
  modelShow: {
    request: z.object({ model: modelPrefix }),
    reply: z.object({ model: modelRecord, active: z.boolean() }),
  },
  modelDiff: {
    request: z.object({ before: modelPrefix, after: modelPrefix }),
    reply: modelDiff.extend({ before: modelId, after: modelId }),
  },
  modelActivate: {
    request: z.object({
      /** Several are put side by side; a class of two is the one of the earlier. */
      models: z.array(modelPrefix).min(1).max(16),
      /** Whatever the evaluations say. */
      force: z.boolean().default(false),
      /** How many points of mean average precision it may be worse than the one in use. */
      margin: z.number().min(0).max(100).default(1),
    }),
    reply: z.object({
      ...activation.shape,
      /** Classes of later models that an earlier one has as well. */
      dropped: z.array(z.object({ class: z.string(), model: modelId })),
    }),
  },
  modelRollback: { request: z.object({}), reply: activation },
  modelRemove: { request: z.object({ model: modelPrefix }), reply: z.object({ removed: modelId }) },
  modelReport: {
    request: z.object({ model: modelPrefix }),
    reply: z.object({ model: modelId, html: bytes }),
  },
  modelExport: {
    request: z.object({ model: modelPrefix, offset: count }),
    reply: z.object({ model: modelId, total: count, part: bytes }),
  },
  modelImport: {
    request: z.object({ bytes: z.int().min(1) }),
    reply: z.object({ node: z.string(), upload: z.string() }),
  },
  modelUpload: {
    request: z.object({ upload: z.string().max(64), offset: count, part: bytes }),
    /** The model after the last part. */
    reply: z.object({ model: modelId.optional() }),
  },
  topologyList: { request: z.object({}), reply: z.object({ topologies: z.array(topologyStatus) }) },
  topologyDeploy: {
    request: z.union([
      /** One that every node knows. */
      z.strictObject({ builtin: topologyName }),
      /** A spec, which is checked in the words of the builder, and the archive of its bundle. */
      z.strictObject({ spec: z.unknown(), archive: bytes.optional() }),
    ]),
    reply: topologyDeployed,
    maxRequestBytes: 17 * 1024 * 1024,
  },
  topologyRollback: { request: z.object({ name: topologyName }), reply: topologyDeployed },
  topologyActivate: { request: z.object({ name: topologyName }), reply: topologyState },
  topologyDeactivate: { request: z.object({ name: topologyName }), reply: topologyState },
  topologyRebalance: {
    request: z.object({
      name: topologyName,
      /** It may be on, at most; without, as before. */
      nodes: z.int().optional(),
      /** Tasks by component; others stay as they are. */
      parallelism: z.record(topologyName, z.int()).default({}),
    }),
    reply: topologyState,
  },
  topologyKill: {
    request: z.object({
      name: topologyName,
      /** How long its spouts may take to finish what they have. */
      afterMs: count.max(86_400_000).default(30_000),
    }),
    /** Whether every node knows it, so that it can be deployed again by name. */
    reply: topologyState.extend({ builtin: z.boolean() }),
  },
  scheduleAdd: { request: scheduleSpec, reply: scheduleStatus },
  scheduleList: {
    request: z.object({}),
    reply: z.object({ schedules: z.array(scheduleStatus) }),
  },
  scheduleShow: {
    request: z.object({ name: scheduleName }),
    reply: scheduleStatus.extend({
      /** The latest first. */
      firings: z.array(firing),
    }),
  },
  schedulePause: { request: z.object({ name: scheduleName }), reply: scheduleStatus },
  scheduleResume: { request: z.object({ name: scheduleName }), reply: scheduleStatus },
  scheduleRun: { request: z.object({ name: scheduleName }), reply: firing },
  scheduleRemove: { request: z.object({ name: scheduleName }), reply: z.object({ removed: scheduleName }) },
  tokenAdd: { request: apiTokenWish, reply: shownApiToken.extend({ token: z.string() }) },
  tokenList: { request: z.object({}), reply: z.object({ tokens: z.array(shownApiToken) }) },
  tokenRemove: { request: apiTokenWish.pick({ name: true }), reply: shownApiToken },
  /** Nodes, actor trees and states are shown as they are: their shape belongs to the runtime. */
  inspect: {
    request: z.object({
      actor: actorName.optional(),
      /** Messages, lines or records at most. */
      limit: z.int().min(1).max(1000).optional(),
      /** Of a trace: only entries with a higher number. */
      after: count.optional(),
      /** How long is counted, ms. */
      windowMs: z.int().min(100).max(3000).optional(),
    }),
    reply: z.object({ node: z.string(), value: z.unknown() }),
  },
  control: {
    request: z.object({
      actor: actorName.optional(),
      /** How long it stays suspended, unless it is resumed before, ms. Default 60,000. */
      forMs: z.int().min(1000).max(3_600_000).optional(),
    }),
    reply: z.object({ node: z.string(), value: z.unknown() }),
  },
  /** What messages are is for the actors to know; whoever takes some checks them. */
  actor: {
    request: z.discriminatedUnion('type', [
      /** Not answered. */
      z.object({ type: z.literal('cast'), message: z.unknown() }),
      z.object({
        type: z.literal('call'),
        message: z.unknown(),
        /** Without, the answer may take for ever. */
        timeoutMs: z.number().min(0).optional(),
      }),
      /** Answered when the actor has ended, or after `forMs`. */
      z.object({
        type: z.literal('watch'),
        /** As an answer before said. */
        pid: z.string().max(128).optional(),
        forMs: z.int().min(0).max(60_000),
      }),
    ]),
    reply: z.union([
      z.object({ value: z.unknown() }),
      z.object({ pid: z.string().max(128) }),
      z.object({ exit: exitReason }),
    ]),
    // A photo, the largest message that a server takes.
    maxRequestBytes: 32 * 1024 * 1024,
  },
} as const satisfies Record<string, Exchange>;

/** What one request subject takes and gives. */
export interface Exchange {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
  /** Default 1 MiB. */
  readonly maxRequestBytes?: number;
}
