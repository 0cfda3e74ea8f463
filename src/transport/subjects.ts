import { Fault } from '../base/errors.ts';
import { exchanges, type Exchange } from './payloads.ts';

/** Who is connected: whoever sends photos, a node of the cluster, or a person who runs it. */
export type Role = 'submitter' | 'node' | 'operator';

/** Every role. */
export const roles = ['submitter', 'node', 'operator'] as const satisfies readonly Role[];

/** How a subject is used. */
export type SubjectKind =
  /** stored by a stream before the publisher is answered */
  | 'stream'
  /** heard by whoever listens now */
  | 'event'
  /** request and reply, msgpack both ways */
  | 'request';

interface SubjectRow {
  /** `{name}` stands for one token. */
  readonly pattern: string;
  readonly kind: SubjectKind;
  readonly payload: string;
  readonly publish: readonly Role[];
  readonly subscribe: readonly Role[];
  /** Only of kind `request`. */
  readonly exchange?: Exchange;
}

const everyone = roles;
const users = ['submitter', 'operator'] as const;

const ask = <const P extends string, E extends Exchange>(
  pattern: P,
  payload: string,
  publish: readonly Role[],
  exchange: E,
) => ({
  pattern,
  kind: 'request' as const,
  payload,
  publish,
  subscribe: ['node'] as const,
  exchange,
});

/** Every subject of Autotag. `nats.conf` grants what `publish` and `subscribe` say. */
export const subjects = {
  submit: {
    pattern: 'autotag.v1.submit',
    kind: 'stream',
    payload: 'a photo: its bytes, headers of the envelope; answered by a PubAck when stored',
    publish: everyone,
    subscribe: [],
  },
  results: {
    pattern: 'autotag.v1.results.{client}',
    kind: 'event',
    payload:
      'JSON: `{id, file, model, tags: [{tag, score}], attributes}` or `{id, file, error: {code, message}}`',
    publish: ['node'],
    subscribe: everyone,
  },
  search: ask(
    'autotag.v1.search',
    'a query; a page of photos, how many there are, their most frequent tags',
    everyone,
    exchanges.search,
  ),
  tags: ask(
    'autotag.v1.tags',
    'the beginning of a tag; tags that begin so, how many photos have them',
    everyone,
    exchanges.tags,
  ),
  photo: ask('autotag.v1.photo', 'a photo id; its stored tags, its dead letters', everyone, exchanges.photo),
  correct: ask(
    'autotag.v1.correct',
    'a photo id, which tags are accepted, rejected or left to the machine again, by whom; the photo as it is shown now',
    users,
    exchanges.correct,
  ),
  related: ask(
    'autotag.v1.related',
    'a photo id, limit; photos that look like it, of those with its strongest tags',
    users,
    exchanges.related,
  ),
  corrections: ask(
    'autotag.v1.corrections',
    'after; a page of corrected photos, and how',
    ['operator'],
    exchanges.corrections,
  ),
  thumbnail: ask(
    'autotag.v1.thumbnail',
    'a photo id; its thumbnail: bytes, type, etag',
    everyone,
    exchanges.thumbnail,
  ),
  status: ask('autotag.v1.status', 'nothing; queue, model, counts', everyone, exchanges.status),
  deadList: ask(
    'autotag.v1.dead.list',
    'limit, after; a page of dead letters without bytes',
    ['operator'],
    exchanges.deadList,
  ),
  deadShow: ask(
    'autotag.v1.dead.show',
    'a sequence; the dead letter with its bytes',
    ['operator'],
    exchanges.deadShow,
  ),
  deadRetry: ask(
    'autotag.v1.dead.retry',
    'which; how many are queued again',
    ['operator'],
    exchanges.deadRetry,
  ),
  deadRemove: ask('autotag.v1.dead.remove', 'which; how many are gone', ['operator'], exchanges.deadRemove),
  buried: {
    pattern: 'autotag.v1.buried.{photo}',
    kind: 'stream',
    payload: 'a dead letter: the bytes of the photo, headers with the reason',
    publish: ['node'],
    subscribe: [],
  },
  task: {
    pattern: 'autotag.v1.task.{run}.{key}',
    kind: 'stream',
    payload: 'JSON: a task of a run, for any node',
    publish: ['node'],
    subscribe: [],
  },
  blobOffer: ask(
    'autotag.v1.blob.{node}.offer',
    'a blob of a run; whether it is in the exchange by now',
    ['node'],
    exchanges.blobOffer,
  ),
  keepResults: ask(
    'autotag.v1.store.{node}.keep',
    'tags, features and thumbnails of photos that another node has tagged; what became of each',
    ['node'],
    exchanges.keepResults,
  ),
  runStart: ask(
    'autotag.v1.runs.{node}.start',
    'what to train or tag, with files of that node; the run',
    ['operator'],
    exchanges.runStart,
  ),
  runResume: ask(
    'autotag.v1.runs.{node}.resume',
    'a run that failed, was cancelled or paused; the run, which goes on',
    ['operator'],
    exchanges.runResume,
  ),
  runList: ask(
    'autotag.v1.runs.list',
    'nothing or a run; runs, how far they are',
    ['operator'],
    exchanges.runList,
  ),
  runCancel: ask('autotag.v1.runs.cancel', 'a run; the run, cancelled', ['operator'], exchanges.runCancel),
  runPause: ask(
    'autotag.v1.runs.pause',
    'a run; the run, which rests until it is resumed',
    ['operator'],
    exchanges.runPause,
  ),
  runFailures: ask(
    'autotag.v1.runs.{node}.failures',
    'a run; photos that it has no tags for, and why',
    ['operator'],
    exchanges.runFailures,
  ),
  forget: ask('autotag.v1.forget', 'a photo id; what was erased', ['operator'], exchanges.forget),
  modelList: ask(
    'autotag.v1.models.list',
    'nothing; every model of the registry, the one in use',
    everyone,
    exchanges.modelList,
  ),
  modelShow: ask(
    'autotag.v1.models.show',
    'a model; its record, whether it is in use',
    everyone,
    exchanges.modelShow,
  ),
  modelDiff: ask(
    'autotag.v1.models.diff',
    'two models; which classes gained and lost',
    everyone,
    exchanges.modelDiff,
  ),
  modelActivate: ask(
    'autotag.v1.models.activate',
    'models, force, margin; the activation, which classes were dropped',
    ['operator'],
    exchanges.modelActivate,
  ),
  modelRollback: ask(
    'autotag.v1.models.rollback',
    'nothing; the activation of the model before',
    ['operator'],
    exchanges.modelRollback,
  ),
  modelRemove: ask(
    'autotag.v1.models.remove',
    'a model; what was removed',
    ['operator'],
    exchanges.modelRemove,
  ),
  modelReport: ask(
    'autotag.v1.models.report',
    'a model; its report, HTML',
    ['operator'],
    exchanges.modelReport,
  ),
  modelExport: ask(
    'autotag.v1.models.export',
    'a model, offset; a part of its file',
    ['operator'],
    exchanges.modelExport,
  ),
  modelImport: ask(
    'autotag.v1.models.import',
    'the length of a model file; the node and token to upload it to',
    ['operator'],
    exchanges.modelImport,
  ),
  modelUpload: ask(
    'autotag.v1.models.upload.{node}',
    'token, offset, a part of a model file; after the last one the model',
    ['operator'],
    exchanges.modelUpload,
  ),
  topologyList: ask(
    'autotag.v1.topologies.list',
    'nothing; topologies, where their tasks are',
    everyone,
    exchanges.topologyList,
  ),
  topologyDeploy: ask(
    'autotag.v1.topologies.deploy',
    'a topology that every node knows, or a spec and its bundle; what it is now, what has changed',
    ['operator'],
    exchanges.topologyDeploy,
  ),
  topologyRollback: ask(
    'autotag.v1.topologies.rollback',
    'a topology; what it is now: what it was before the last deploy',
    ['operator'],
    exchanges.topologyRollback,
  ),
  topologyActivate: ask(
    'autotag.v1.topologies.activate',
    'a topology; what it is now',
    ['operator'],
    exchanges.topologyActivate,
  ),
  topologyDeactivate: ask(
    'autotag.v1.topologies.deactivate',
    'a topology; what it is now',
    ['operator'],
    exchanges.topologyDeactivate,
  ),
  topologyRebalance: ask(
    'autotag.v1.topologies.rebalance',
    'a topology, how many nodes, tasks by component; what it is now',
    ['operator'],
    exchanges.topologyRebalance,
  ),
  topologyKill: ask(
    'autotag.v1.topologies.kill',
    'a topology, how long it may drain; what it is now',
    ['operator'],
    exchanges.topologyKill,
  ),
  scheduleAdd: ask(
    'autotag.v1.schedules.add',
    'what is to be done, and when; the schedule',
    ['operator'],
    exchanges.scheduleAdd,
  ),
  scheduleList: ask(
    'autotag.v1.schedules.list',
    'nothing; schedules, when they fire next, what became of the last time',
    ['operator'],
    exchanges.scheduleList,
  ),
  scheduleShow: ask(
    'autotag.v1.schedules.show',
    'a schedule; the same of it, its last firings',
    ['operator'],
    exchanges.scheduleShow,
  ),
  schedulePause: ask(
    'autotag.v1.schedules.pause',
    'a schedule; what it is now',
    ['operator'],
    exchanges.schedulePause,
  ),
  scheduleResume: ask(
    'autotag.v1.schedules.resume',
    'a schedule; what it is now',
    ['operator'],
    exchanges.scheduleResume,
  ),
  scheduleRun: ask(
    'autotag.v1.schedules.run',
    'a schedule; the firing that this is',
    ['operator'],
    exchanges.scheduleRun,
  ),
  scheduleRemove: ask(
    'autotag.v1.schedules.remove',
    'a schedule; its name',
    ['operator'],
    exchanges.scheduleRemove,
  ),
  tokenAdd: ask(
    'autotag.v1.tokens.add',
    'name and role of a token of the HTTP API; the token, which nobody keeps',
    ['operator'],
    exchanges.tokenAdd,
  ),
  tokenList: ask(
    'autotag.v1.tokens.list',
    'nothing; names and roles of the tokens of the HTTP API',
    ['operator'],
    exchanges.tokenList,
  ),
  tokenRemove: ask(
    'autotag.v1.tokens.remove',
    'name of a token of the HTTP API; what was removed',
    ['operator'],
    exchanges.tokenRemove,
  ),
  nodes: ask(
    'autotag.v1.inspect.nodes',
    'nothing; every node answers',
    ['operator', 'node'],
    exchanges.inspect,
  ),
  inspect: ask(
    'autotag.v1.inspect.{node}.{verb}',
    '`tree`, `list`, `state`: an actor; what it looks like',
    ['operator', 'node'],
    exchanges.inspect,
  ),
  control: ask(
    'autotag.v1.control.{node}.{verb}',
    '`kill`, `suspend`, `resume` …: an actor; what was done',
    ['operator'],
    exchanges.control,
  ),
  actor: ask(
    'autotag.v1.actor.{node}.{name}',
    'a message to an actor of that node, or a look at whether it lives; what it answers',
    ['node'],
    exchanges.actor,
  ),
} as const satisfies Record<string, SubjectRow>;

/** A name of the table {@link subjects}. */
export type SubjectName = keyof typeof subjects;

/** Names of the subjects that take requests. */
export type RequestName = {
  [Name in SubjectName]: (typeof subjects)[Name] extends { readonly exchange: Exchange } ? Name : never;
}[SubjectName];

type Placeholders<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** The tokens that the pattern of a subject leaves open. */
export type SubjectTokens<Name extends SubjectName> = Readonly<
  Record<Placeholders<(typeof subjects)[Name]['pattern']>, string>
>;

const token = /^[A-Za-z0-9_-]{1,400}$/;

/**
 * The subject with its open tokens filled in. Names in any Unicode are encoded first (`encodeName`).
 * @throws Fault `REQUEST_INVALID` if a token is not `[A-Za-z0-9_-]+`
 */
export function subjectOf<Name extends SubjectName>(name: Name, tokens: SubjectTokens<Name>): string {
  const values: Readonly<Record<string, string>> = tokens;
  return subjects[name].pattern.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = values[key] ?? '';
    if (!token.test(value))
      throw new Fault('REQUEST_INVALID', {
        reason: `"${value.slice(0, 80)}" cannot be the ${key} of a subject`,
      });
    return value;
  });
}

/** The subject with a wildcard for each open token, for whoever subscribes. */
export function wildcardOf(name: SubjectName): string {
  return subjects[name].pattern.replace(/\{\w+\}/g, '*');
}

/** The rows of the subject table in Markdown, header included. */
export function subjectTable(): string {
  const rows = Object.values<SubjectRow>(subjects).map(
    ({ pattern, kind, payload, publish, subscribe }) =>
      `| \`${pattern.replaceAll('{', '<').replaceAll('}', '>')}\` | ${kind} | ${payload} | ${publish.join(', ')} | ${subscribe.join(', ') || '(a stream)'} |`,
  );
  return [
    '| subject | kind | payload | publish | subscribe |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
