import { delay, type Clock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import type { NodeOptions } from '../base/options.ts';
import type { RecentLines } from '../base/recent-lines.ts';
import { snapshot, type ActorSystem } from '../runtime/index.ts';
import type { HandledOf } from '../transport/requests.ts';
import type { AuditLog } from './audit-log.ts';
import type { ClusterView } from './cluster-view.ts';
import { configReport, memoryReport, type StreamReport } from './node-report.ts';
import { endpoint } from './service.ts';
import type { Endpoint } from './service.ts';
import { Suspensions } from './suspensions.ts';
import { topActors } from './top.ts';

type Look = HandledOf<'inspect'>;

/** What a verb does with the actor that it names, if it names one; its answer is plain data. */
type Verb = (request: Look) => unknown;

/** As {@link Verb}, of those that act. */
type ActingVerb = (request: HandledOf<'control'>) => unknown;

/** What the inspection of a node works with. */
export interface InspectionOptions {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly version: string;
  readonly view: ClusterView;
  readonly options: NodeOptions;
  readonly recent: RecentLines;
  readonly audit: AuditLog;
  /** The streams of the cluster, by what they are called. */
  readonly queues: () => Promise<Readonly<Record<string, StreamReport>>>;
  /** Of the main thread, lately, ms. */
  readonly eventLoopDelay: () => Promise<{ readonly p50Ms: number; readonly p99Ms: number }>;
  /** What else the node says of itself. */
  readonly about?: () => object;
}

const shownLines = 100;
const shownActs = 50;
const shownActors = 20;
const windowMs = 1_000;
const suspendMs = 60_000;
/** Below the time that the inspection itself has to end, since it may be among what is restarted. */
const restartWaitMs = 2_000;
const lineLimits = { depth: 4, items: 40, characters: 1_000, values: 100 };

/** Looks at the actors of this node (`inspect`, harmless) and acts on them (`control`, the operator's). */
export function inspection(options: InspectionOptions): readonly Endpoint[] {
  const { system } = options;
  const { node } = system;
  const looking = { ...nodeLooks(options), ...actorLooks(options) };
  const acting = acts(options);
  const everyNode = { everyNode: true };
  return [
    endpoint('nodes', {}, async () => ({ node, value: await self(options) }), everyNode),
    endpoint(
      'inspect',
      { node, verb: '*' },
      (request, { verb }) => carryOut(node, looking, verb, request),
      everyNode,
    ),
    endpoint(
      'control',
      { node, verb: '*' },
      (request, { verb }) => carryOut(node, acting, verb, request),
      everyNode,
    ),
  ];
}

async function self({ system, version, eventLoopDelay, about }: InspectionOptions) {
  return {
    version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    actors: system.inspector.list().length,
    memory: memoryReport(),
    eventLoopDelay: await eventLoopDelay(),
    ...about?.(),
  };
}

function nodeLooks(options: InspectionOptions): Readonly<Record<string, Verb>> {
  const { system, clock, view, recent, audit, queues } = options;
  const { inspector } = system;
  return {
    node: () => self(options),
    members: () => ({ leader: view.leader, members: view.members }),
    tree: () => inspector.tree(),
    list: () => inspector.list(),
    top: (request) =>
      topActors(inspector, clock, {
        windowMs: request.windowMs ?? windowMs,
        limit: request.limit ?? shownActors,
      }),
    queue: () => queues(),
    config: () => configReport(options.options),
    logs: ({ actor, limit = shownLines }) =>
      recent
        .read(limit, actor === undefined ? undefined : namesOf(system, actor))
        .map((line) => snapshot(line, lineLimits)),
    audit: ({ limit = shownActs }) => audit.read(limit),
  };
}

function actorLooks({ system: { inspector } }: InspectionOptions): Readonly<Record<string, Verb>> {
  return {
    status: ({ actor }) => inspector.status(named(actor)),
    state: ({ actor }) => inspector.state(named(actor)),
    mailbox: ({ actor, limit }) => inspector.mailbox(named(actor), limit),
    traced: ({ actor, after }) => inspector.traced(named(actor), after),
  };
}

function acts({ system, clock, audit }: InspectionOptions): Readonly<Record<string, ActingVerb>> {
  const { inspector } = system;
  const suspensions = new Suspensions({ inspector, clock, audit });
  return {
    kill: ({ actor }) => {
      const { pid } = inspector.status(named(actor));
      system.exit({ address: { node: system.node, name: pid } }, 'kill');
      return { killed: pid };
    },
    suspend: ({ actor, forMs = suspendMs }) => ({
      ...suspensions.suspend(named(actor), forMs),
      suspendedForMs: forMs,
    }),
    resume: ({ actor }) => suspensions.resume(named(actor)),
    restart: async ({ actor }) => {
      const { pid } = inspector.status(named(actor));
      const restarted = system.restart(pid).then(() => true);
      return {
        ended: pid,
        restarted: await Promise.race([restarted, delay(clock, restartWaitMs).then(() => false)]),
      };
    },
    trace: ({ actor }) => {
      inspector.trace(named(actor));
      return inspector.traced(named(actor));
    },
  };
}

/** How lines of the log may call an actor: by its name or pid, or its id as a child. What has ended is called as it was asked for. */
function namesOf({ inspector }: ActorSystem, actor: string): readonly string[] {
  const found = inspector.list().find(({ name, pid }) => name === actor || pid === actor);
  return found === undefined ? [actor] : [found.name, found.pid, found.child].filter((name) => name !== null);
}

async function carryOut<Request>(
  node: string,
  verbs: Readonly<Record<string, (request: Request) => unknown>>,
  verb: string,
  request: Request,
): Promise<{ node: string; value: unknown }> {
  const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined)
    throw new Fault('REQUEST_INVALID', {
      reason: `there is no ${verb}; there are ${Object.keys(verbs).join(', ')}`,
    });
  return { node, value: await act(request) };
}

function named(actor: string | undefined): string {
  if (actor === undefined) throw new Fault('REQUEST_INVALID', { reason: 'it names no actor' });
  return actor;
}
