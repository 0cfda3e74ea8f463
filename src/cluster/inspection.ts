import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ActorSystem } from '../runtime/index.ts';
import { endpoint } from './service.ts';
import type { Endpoint } from './service.ts';

/** What a verb does with the actor that it names, if it names one; its answer is plain data. */
type Verb = (actor: string | undefined) => unknown;

/** What the inspection of a node works with. */
export interface InspectionOptions {
  readonly system: ActorSystem;
  readonly version: string;
  readonly log: Log;
  /** What else the node says of itself. */
  readonly about?: () => object;
}

/** Looks at the actors of this node (`inspect`, harmless) and acts on them (`control`, the operator's; each is logged). */
export function inspection(options: InspectionOptions): readonly Endpoint[] {
  const { system, log } = options;
  const { node } = system;
  const looking = looks(options);
  const acting = acts(system);
  return [
    endpoint('nodes', {}, () => Promise.resolve({ node, value: self(options) }), { everyNode: true }),
    endpoint('inspect', { node, verb: '*' }, ({ actor }, { verb }) => carryOut(node, looking, verb, actor), {
      everyNode: true,
    }),
    endpoint(
      'control',
      { node, verb: '*' },
      ({ actor }, { verb }) => {
        log.warn({ audit: { verb, actor } }, 'an operator acted on this node');
        return carryOut(node, acting, verb, actor);
      },
      { everyNode: true },
    ),
  ];
}

function self({ system, version, about }: InspectionOptions) {
  return {
    version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    actors: system.inspector.list().length,
    residentBytes: process.memoryUsage.rss(),
    ...about?.(),
  };
}

function looks(options: InspectionOptions): Readonly<Record<string, Verb>> {
  const { inspector } = options.system;
  return {
    node: () => self(options),
    tree: () => inspector.tree(),
    list: () => inspector.list(),
    status: (actor) => inspector.status(named(actor)),
    state: (actor) => inspector.state(named(actor)),
    traced: (actor) => inspector.traced(named(actor)),
  };
}

function acts(system: ActorSystem): Readonly<Record<string, Verb>> {
  const { inspector } = system;
  return {
    kill: (actor) => {
      const { pid } = inspector.status(named(actor));
      system.exit({ address: { node: system.node, name: pid } }, 'kill');
      return { killed: pid };
    },
    suspend: (actor) => {
      inspector.suspend(named(actor));
      return inspector.status(named(actor));
    },
    resume: (actor) => {
      inspector.resume(named(actor));
      return inspector.status(named(actor));
    },
    trace: (actor) => {
      inspector.trace(named(actor));
      return inspector.traced(named(actor));
    },
  };
}

async function carryOut(
  node: string,
  verbs: Readonly<Record<string, Verb>>,
  verb: string,
  actor: string | undefined,
): Promise<{ node: string; value: unknown }> {
  const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (act === undefined)
    throw new Fault('REQUEST_INVALID', {
      reason: `there is no ${verb}; there are ${Object.keys(verbs).join(', ')}`,
    });
  return { node, value: await act(actor) };
}

function named(actor: string | undefined): string {
  if (actor === undefined) throw new Fault('REQUEST_INVALID', { reason: 'it names no actor' });
  return actor;
}
