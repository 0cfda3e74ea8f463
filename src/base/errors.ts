/** What a caller does with a fault: try again later, or give up on this input. */
export type Disposition = 'retry' | 'terminal';

interface CatalogueEntry {
  readonly disposition: Disposition;
  /** One sentence that says what happened and what to do; `{name}` is filled from the fault's details. */
  readonly sentence: string;
}

/**
 * Every error that Autotag can report, by code.
 *
 * `terminal` faults send a photo to the dead letters at once; `retry` faults cost it an attempt.
 */
export const catalogue = {
  // photos
  PHOTO_EMPTY: { disposition: 'terminal', sentence: 'The photo has 0 bytes; send the file again.' },
  PHOTO_TOO_LARGE: {
    disposition: 'terminal',
    sentence: 'The photo has {bytes} bytes, more than the limit of {limit}; shrink it before submitting.',
  },
  PHOTO_TOO_MANY_PIXELS: {
    disposition: 'terminal',
    sentence: 'The photo has {pixels} pixels, more than the limit of {limit}; shrink it before submitting.',
  },
  PHOTO_FORMAT: {
    disposition: 'terminal',
    sentence:
      'The bytes are not a photo that can be read ({found}); send JPEG, PNG, WebP, GIF, TIFF or AVIF.',
  },
  PHOTO_DAMAGED: {
    disposition: 'terminal',
    sentence: 'The photo is cut off or damaged ({reason}); send the original file again.',
  },
  PHOTO_ID: {
    disposition: 'terminal',
    sentence: 'The photo id {reason}; use 1 to 256 bytes of Unicode without control characters.',
  },
  PHOTO_OWNER: {
    disposition: 'terminal',
    sentence: 'The owner of the photo {reason}; use 1 to 256 bytes of Unicode without control characters.',
  },
  DECODE_TIMEOUT: {
    disposition: 'retry',
    sentence: 'Decoding the photo took longer than {timeoutMs} ms; it will be tried again.',
  },
  RESULT_TIMEOUT: {
    disposition: 'retry',
    sentence:
      'No result came within {timeoutMs} ms; the photo stays queued, and is tagged when a node runs (`cluster status`).',
  },
  THUMBNAIL_MISSING: {
    disposition: 'terminal',
    sentence:
      'There is no thumbnail of the photo {id}; nodes that run with --thumbnail-px make one of each photo that they tag.',
  },
  // files of the command line
  FILE_READ: { disposition: 'terminal', sentence: '{file} cannot be read: {reason}.' },
  FILE_WRITE: { disposition: 'terminal', sentence: '{file} cannot be written: {reason}.' },
  DISK_FULL: {
    disposition: 'retry',
    sentence: 'There is no space left to write {file}; free some, then try again.',
  },
  // blobs and features
  BLOB_DAMAGED: {
    disposition: 'terminal',
    sentence: 'The file {file} is damaged: {reason}; remove it, then it is made or fetched again.',
  },
  FEATURES_NOT_FINITE: {
    disposition: 'terminal',
    sentence: 'The features of the photo are not finite numbers; leave the photo out, and report it.',
  },
  FEATURES_FORMAT: {
    disposition: 'terminal',
    sentence:
      'The file {file} is no part of a feature store that can be used: {reason}; move its folder away, then photos are described again.',
  },
  FEATURES_DAMAGED: {
    disposition: 'terminal',
    sentence:
      'The features in {file} are damaged at byte {offset}: {reason}; describe the photos again, the rest can be used.',
  },
  FEATURES_CUT: {
    disposition: 'retry',
    sentence:
      'The file {file} ended in an append that was not finished; {bytes} bytes at {offset} were dropped, and nothing that was answered for.',
  },
  FEATURES_FULL: {
    disposition: 'retry',
    sentence: 'The feature store has {segments} segments, its limit; compact it.',
  },
  FEATURES_UNUSABLE: {
    disposition: 'terminal',
    sentence: 'The photo was not scored again: its stored features {reason}; submit it again.',
  },
  FEATURES_UNAVAILABLE: {
    disposition: 'retry',
    sentence: 'The feature store cannot be used now ({reason}); writing goes on when it is back.',
  },
  FEATURES_MISSING: {
    disposition: 'terminal',
    sentence: 'No features are stored of the photo {id}, by which it could be compared; submit it again.',
  },
  // training sets
  LABELS_REJECTED: {
    disposition: 'terminal',
    sentence:
      'The labels do not fit the photos: {reason}; mend them, or go on with the rest by leaving out --strict.',
  },
  TRAINING_SET_EMPTY: {
    disposition: 'terminal',
    sentence: 'No class has enough examples to be learned: {reason}.',
  },
  JOIN_FAILED: { disposition: 'retry', sentence: 'Labels and photos cannot be joined: {reason}.' },
  // worker threads
  WORKER_LOST: {
    disposition: 'retry',
    sentence: 'The worker thread ended while the photo was in it ({reason}); it will be tried again.',
  },
  WORKER_DEADLINE: {
    disposition: 'retry',
    sentence:
      'The photo was not done within {timeoutMs} ms and its worker thread was replaced; it will be tried again.',
  },
  WORKER_START: {
    disposition: 'retry',
    sentence:
      'A worker thread did not start ({reason}); run `npm run setup` if the kernel or the weights are missing.',
  },
  WORKER_STUCK: {
    disposition: 'retry',
    sentence: 'A worker thread that was killed does not end; the node restarts itself.',
  },
  // learning
  COVARIANCE_SINGULAR: {
    disposition: 'terminal',
    sentence:
      'The features cannot be whitened: with a shrinkage of {shrinkage}, their correlation is not positive definite at feature {feature}; raise the shrinkage or add photos.',
  },
  LEARNING_DIVERGED: {
    disposition: 'terminal',
    sentence:
      'Learning diverged: the objective of class {index} of the block is not a number any more; use smaller steps.',
  },
  // tasks and runs
  TASK_LOST: {
    disposition: 'retry',
    sentence: 'The worker thread ended while the task {task} was in it ({reason}); it will be tried again.',
  },
  TASK_SILENT: {
    disposition: 'retry',
    sentence: 'The task {task} made no progress for {silenceMs} ms and was ended; it will be tried again.',
  },
  TASK_EXHAUSTED: {
    disposition: 'terminal',
    sentence: 'The task {task} failed {attempts} times, the last time so: {reason}',
  },
  CANCELLED: { disposition: 'terminal', sentence: 'The {what} was cancelled.' },
  PAUSED: { disposition: 'terminal', sentence: 'The run {run} was paused; resume it.' },
  RUN_ACTIVE: {
    disposition: 'terminal',
    sentence: 'The run {run} is under way on node {node}; wait until it has ended, or cancel it.',
  },
  INPUT_PROBLEMS: {
    disposition: 'terminal',
    sentence: 'Nothing was trained, as the run is strict: {first}; mend it, or run without --strict.',
  },
  TRAINING_DATA: { disposition: 'terminal', sentence: 'Nothing can be learned: {reason}.' },
  RUN_OVER: { disposition: 'terminal', sentence: 'The run {run} has ended: it is {state}.' },
  BLOB_LOST: {
    disposition: 'retry',
    sentence: 'The blob {id} did not come whole from node {node} ({reason}); it will be asked for again.',
  },
  // schedules
  SCHEDULE_INVALID: { disposition: 'terminal', sentence: 'The schedule cannot be kept: {reason}.' },
  SCHEDULE_EXISTS: {
    disposition: 'terminal',
    sentence: 'There is a schedule {name} already; remove it first, or choose another name.',
  },
  SCHEDULES_FULL: {
    disposition: 'terminal',
    sentence: 'There are {limit} schedules, the limit; remove one first.',
  },
  // topologies
  TOPOLOGY_INVALID: { disposition: 'terminal', sentence: 'The topology {name} cannot be built: {reason}.' },
  TOPOLOGY_FILE: { disposition: 'terminal', sentence: 'The file {file} cannot be deployed: {reason}.' },
  TOPOLOGY_CHANGED: {
    disposition: 'retry',
    sentence:
      'Somebody else has changed the topology {name} meanwhile, and nothing of yours was done; see `cluster list`, then try again.',
  },
  TOPOLOGY_SUPERSEDED: {
    disposition: 'terminal',
    sentence:
      'The topology {name} was made version {version}, and has been changed again or killed before it ran; see `cluster list`.',
  },
  TOPOLOGY_STUCK: {
    disposition: 'retry',
    sentence:
      'The topology {name} does not run as version {version} says: {reason} What ran before goes on where it can; `cluster rollback {name}` takes the change back.',
  },
  TOPOLOGY_ENDING: {
    disposition: 'retry',
    sentence: 'The topology {name} is being killed; try again when `cluster list` does not show it any more.',
  },
  TOPOLOGY_DOWN: {
    disposition: 'retry',
    sentence:
      'Tasks of the topology {name} crashed too often on this node and are started again after a pause; the last reason was: {reason}',
  },
  BUNDLE_INVALID: { disposition: 'terminal', sentence: 'The bundle of the bolts cannot be used: {reason}.' },
  BUNDLE_DAMAGED: {
    disposition: 'retry',
    sentence:
      'The bundle {id} is damaged: {reason}; nodes fetch it anew, and `cluster deploy` sends it anew.',
  },
  // users' bolts
  BOLT_START: {
    disposition: 'retry',
    sentence:
      'The bolt {bolt} does not start: {reason}; mend its program (docs/bolts.md says how to run it by hand), then deploy it again.',
  },
  BOLT_FAILED: {
    disposition: 'retry',
    sentence: 'The bolt {bolt} failed on this photo: {reason}; mend the bolt, or leave the photo out.',
  },
  BOLT_DIED: {
    disposition: 'retry',
    sentence:
      'The process of the bolt {bolt} ended: {reason}; another one is started, mend the bolt if that goes on.',
  },
  BOLT_DEADLINE: {
    disposition: 'retry',
    sentence:
      'The bolt {bolt} was not done within {deadlineMs} ms and its process was ended; make it faster, or raise its deadlineMs.',
  },
  BOLT_FLOODED: {
    disposition: 'retry',
    sentence: 'The process of the bolt {bolt} was ended, as it wrote too much: {reason}; have it write less.',
  },
  BOLT_AWAY: {
    disposition: 'retry',
    sentence:
      'No task of the bolt {bolt} took the photo ({reason}); it is tried again, `cluster list` shows how its tasks do.',
  },
  BOLT_MEMORY: {
    disposition: 'retry',
    sentence:
      'The process of the bolt {bolt} was ended, as it took {bytes} bytes of memory, more than its {limit}; mend its leak, or raise its memoryBytes.',
  },
  TERM_OVER: {
    disposition: 'terminal',
    sentence: 'Another node leads the cluster by now, for term {term}; this one changes nothing.',
  },
  // models
  MODEL_FORMAT: { disposition: 'terminal', sentence: 'The file {file} is not a model: {reason}.' },
  MODEL_DAMAGED: {
    disposition: 'terminal',
    sentence: 'The model file {file} is damaged: {reason}; copy or train it again.',
  },
  MODEL_EXTRACTOR: {
    disposition: 'terminal',
    sentence:
      'The model was trained on features of {expected}, not of {found}; choose a model of this extractor.',
  },
  EXTRACTOR_OTHER: {
    disposition: 'retry',
    sentence:
      'This node describes photos by {found}, not by {expected}; another node does it, so run the same version of Autotag on all of them.',
  },
  MODEL_WORSE: {
    disposition: 'terminal',
    sentence:
      'The model was not put in use: {reason} See which classes lost with `cluster models diff`, or give --margin or --force.',
  },
  MODEL_IN_USE: {
    disposition: 'terminal',
    sentence: 'The model {id} is in use; activate another one before you remove it.',
  },
  OBJECT_DAMAGED: {
    disposition: 'terminal',
    sentence: 'The stored object {name} is damaged: {reason}; remove it, then publish or import it again.',
  },
  WEIGHTS_MISSING: {
    disposition: 'terminal',
    sentence: 'The extractor parameters are not at {file}; run `npm run setup`.',
  },
  WEIGHTS_DAMAGED: {
    disposition: 'terminal',
    sentence:
      'The extractor weights in {file} cannot be used: {reason}; remove the file and run `npm run setup`.',
  },
  // queue and server
  QUEUE_FULL: {
    disposition: 'retry',
    sentence:
      'The queue of photos is full, or the disk behind it almost is; submit again when the cluster has caught up, or space is free.',
  },
  DISK_RESERVE: {
    disposition: 'retry',
    sentence: 'The disk of the data folder is almost full ({reason}); free space, then submit again.',
  },
  NATS_UNREACHABLE: {
    disposition: 'retry',
    sentence:
      'No NATS server answers at {url} ({reason}); start one with `cluster start` or give --nats URL.',
  },
  NATS_MISSING: {
    disposition: 'terminal',
    sentence: 'nats-server was not found; run `npm run setup`, or give the URL of a running one with --nats.',
  },
  NATS_START: { disposition: 'retry', sentence: 'nats-server did not start: {reason}.' },
  NATS_DENIED: {
    disposition: 'terminal',
    sentence: 'The NATS user has no permission for {subject}; connect as {role}.',
  },
  NATS_LOGIN: {
    disposition: 'terminal',
    sentence:
      'The NATS server at {url} does not know this user and password; take the token that `cluster invite` prints now, or mend the URL.',
  },
  NATS_CERTIFICATE: {
    disposition: 'terminal',
    sentence:
      'The certificate of the NATS server at {url} is refused: {reason}; the right token is printed by `cluster invite` on its machine.',
  },
  INSECURE_LISTEN: {
    disposition: 'terminal',
    sentence:
      '{address} is not a loopback address; outside this machine, use a token of `cluster invite` or a tls:// URL with credentials.',
  },
  LISTEN_ADDRESS: {
    disposition: 'terminal',
    sentence: 'This machine cannot listen on {address}; give one of its own addresses with {option}.',
  },
  NOT_LISTENING: {
    disposition: 'terminal',
    sentence:
      'The node of the data folder {folder} does not listen for other machines; start it with `cluster start --listen ADDRESS` first.',
  },
  REPLICAS: {
    disposition: 'retry',
    sentence:
      'The NATS servers cannot keep so many copies of a stream now ({reason}); start all of them, or give --replicas 1.',
  },
  PORT_IN_USE: {
    disposition: 'terminal',
    sentence: 'Port {port} is in use by another program; choose another with {option}.',
  },
  DATA_LOCKED: {
    disposition: 'terminal',
    sentence:
      'Another node (process {pid}) uses the data folder {folder}; stop it, or choose another with --data.',
  },
  DATA_FOLDER: {
    disposition: 'terminal',
    sentence: 'The data folder {folder} cannot be used: {reason}.',
  },
  NODE_UNSTABLE: {
    disposition: 'terminal',
    sentence:
      'The node was restarted {restarts} times within {seconds} s and ended again {how}; mend what it reports, then start it.',
  },
  NODE_UNAVAILABLE: {
    disposition: 'retry',
    sentence: 'No node answers for {subject}; start one with `cluster start`, or try again.',
  },
  NODE_GONE: {
    disposition: 'retry',
    sentence:
      'The node {node} has answered before and does not now; it has ended, or lost its connection: see `nodes`.',
  },
  NODE_SILENT: {
    disposition: 'retry',
    sentence:
      'The node {node} did not answer within {timeoutMs} ms: it has just ended, stands still, is overloaded or was cut off; what it was told may still be done when it goes on.',
  },
  // the cluster
  NODE_NAME_TAKEN: {
    disposition: 'terminal',
    sentence:
      'A node named {name} runs in this cluster already, with another data folder; choose another name with --name.',
  },
  CLUSTER_OTHER: {
    disposition: 'terminal',
    sentence:
      'The data folder {folder} belongs to another cluster ({own}) than the one at {url} ({found}); join its own, or choose another with --data.',
  },
  CLUSTER_VERSION: {
    disposition: 'terminal',
    sentence:
      'The nodes of this cluster speak protocol {found}, this one speaks {own}; run the same version of Autotag on all of them.',
  },
  RECORD_UNREADABLE: {
    disposition: 'terminal',
    sentence:
      'The record {key} of the cluster cannot be read (bucket {bucket}): another version wrote it, or it is damaged; run the same version of Autotag on all nodes.',
  },
  // stores
  STORE_UNAVAILABLE: {
    disposition: 'retry',
    sentence: 'The tag store cannot be used now ({reason}); writing goes on when it is back.',
  },
  STORE_VERSION: {
    disposition: 'terminal',
    sentence:
      'The store was written by a newer version (schema {found}, this one knows {known}); upgrade first.',
  },
  STORE_FORMAT: {
    disposition: 'terminal',
    sentence:
      'The file {file} is not a store of this kind ({reason}); move it away or choose another --data folder.',
  },
  STORE_DATABASE: {
    disposition: 'terminal',
    sentence: 'The database of --store-url cannot be the tag store: {reason}; name another one.',
  },
  QUERY_SYNTAX: { disposition: 'terminal', sentence: 'The search query cannot be read: {reason}.' },
  // actors
  ACTOR_UNKNOWN: { disposition: 'terminal', sentence: 'There is no actor {name}; `tree` lists them.' },
  ACTOR_DOWN: { disposition: 'retry', sentence: 'The actor {name} is not there, or has ended ({reason}).' },
  ACTOR_CALL_TIMEOUT: {
    disposition: 'retry',
    sentence: 'The actor {name} did not answer within {timeoutMs} ms.',
  },
  ACTOR_NAME: { disposition: 'terminal', sentence: 'The actor name {name} {reason}; choose another.' },
  ACTOR_START: { disposition: 'retry', sentence: 'The actor {name} did not start ({reason}).' },
  MAILBOX_FULL: {
    disposition: 'retry',
    sentence: 'The mailbox of {name} is full ({limit} messages); send more slowly.',
  },
  // requests
  REQUEST_INVALID: { disposition: 'terminal', sentence: 'The request cannot be carried out: {reason}.' },
  USAGE: { disposition: 'terminal', sentence: '{reason}' },
  NOT_FOUND: { disposition: 'terminal', sentence: 'There is no {what} {id}.' },
  ATTEMPTS_EXHAUSTED: {
    disposition: 'terminal',
    sentence: 'The photo failed {attempts} times, the last time so: {reason}',
  },
  // HTTP
  TOKEN_MISSING: {
    disposition: 'terminal',
    sentence:
      'A token is needed: make one with `cluster token add NAME --role ROLE`, and send it as `Authorization: Bearer TOKEN`.',
  },
  TOKEN_UNKNOWN: {
    disposition: 'terminal',
    sentence:
      'The token or session is not known, or not any more; `cluster token list` shows those that are.',
  },
  ROLE_MISSING: {
    disposition: 'terminal',
    sentence: 'This is for the role {needed}, and {name} is {role}; use a token of that role.',
  },
  HOST_UNKNOWN: {
    disposition: 'terminal',
    sentence: 'Nothing is served under the name {host}; name it with --http-hosts.',
  },
  ORIGIN_REFUSED: {
    disposition: 'terminal',
    sentence: 'Pages of {origin} may not ask here; name that origin with --http-origins.',
  },
  RATE_LIMIT: {
    disposition: 'retry',
    sentence: 'That were too many requests; go on after {seconds} s.',
  },
  UPLOADS_FULL: {
    disposition: 'retry',
    sentence: 'So many uploads are under way that there is no room for another one; send the photo again.',
  },
  UPLOAD_TOO_LARGE: {
    disposition: 'terminal',
    sentence: 'The request has more than {limit} bytes; send fewer photos at once.',
  },
  FETCH_REFUSED: {
    disposition: 'terminal',
    sentence: 'The URL is not fetched: {reason}.',
  },
  FETCH_FAILED: {
    disposition: 'retry',
    sentence: 'The photo could not be fetched from {host}: {reason}.',
  },
  NODE_GAVE_UP: {
    disposition: 'retry',
    sentence: 'The node cannot keep its parts running ({reason}); it restarts itself, its log says why.',
  },
  NODE_VERSION: {
    disposition: 'terminal',
    sentence: 'Node.js {found} is too old; install {needed} or newer.',
  },
  INTERNAL: { disposition: 'retry', sentence: 'Something failed that should not have: {reason}.' },
} as const satisfies Record<string, CatalogueEntry>;

/** A code of the {@link catalogue}. */
export type FaultCode = keyof typeof catalogue;

/** Values for the placeholders of a fault's sentence. */
export type FaultDetails = Readonly<Record<string, string | number>>;

/** A fault as it crosses a thread or a subject, where classes do not survive. */
export interface WireFault {
  readonly code: FaultCode;
  readonly message: string;
  readonly details: FaultDetails;
}

/** The one error class: a {@link FaultCode}, its sentence, and whether to try again. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly details: FaultDetails;

  constructor(code: FaultCode, details: FaultDetails = {}, cause?: unknown) {
    super(sentenceOf(code, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /** Whether the same input may succeed later. */
  get disposition(): Disposition {
    return catalogue[this.code].disposition;
  }

  /** The form that crosses threads and subjects. */
  toWire(): WireFault {
    return { code: this.code, message: this.message, details: this.details };
  }

  /** Rebuilds a fault; a code this version does not know becomes `INTERNAL`. */
  static fromWire(wire: { code: string; message: string; details?: FaultDetails | undefined }): Fault {
    return isFaultCode(wire.code)
      ? new Fault(wire.code, wire.details ?? {})
      : new Fault('INTERNAL', { reason: `${wire.code}: ${wire.message}` });
  }

  /** Any thrown value as a fault: a fault stays itself, everything else becomes `INTERNAL`. */
  static from(thrown: unknown): Fault {
    return thrown instanceof Fault ? thrown : new Fault('INTERNAL', { reason: reasonOf(thrown) }, thrown);
  }
}

/** The message of any thrown value, on one line. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/\s+/g, ' ').trim();
}

/** Whether a string is a code of the catalogue. */
function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(catalogue, code);
}

function sentenceOf(code: FaultCode, details: FaultDetails): string {
  return catalogue[code].sentence.replace(/\{(\w+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(details, name) ? String(details[name]) : placeholder,
  );
}
