import fc from 'fast-check';
import { expect, it } from 'vitest';
import { delay } from '../../../src/base/clock.ts';
import {
  ActorName,
  supervisor,
  type ChildSpec,
  type Strategy,
  type SupervisorMessage,
  type TreeNode,
} from '../../../src/runtime/index.ts';
import { Lab } from '../../unit/runtime/lab.ts';

const strategies: readonly Strategy[] = ['one_for_one', 'one_for_all', 'rest_for_one'];
const supervisors = strategies.map((strategy) => ({
  strategy,
  ids: [1, 2, 3].map((n) => `${strategy}-${String(n)}`),
}));

const id = fc.constantFrom(...supervisors.flatMap(({ ids }) => ids));
const strategy = fc.constantFrom(...strategies);
const step = fc.oneof(
  fc.record({ do: fc.constant('crash' as const), id }),
  fc.record({ do: fc.constant('kill' as const), id }),
  fc.record({ do: fc.constant('killSupervisor' as const), strategy }),
  fc.record({ do: fc.constant('terminateChild' as const), strategy, id }),
  fc.record({ do: fc.constant('restartChild' as const), strategy, id }),
  fc.record({ do: fc.constant('suspend' as const), id }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 40 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** How long the children take to start and to end, and whether their restarts pause; taken in turn. */
const habits = fc.array(
  fc.record({ startMs: fc.nat(30), endMs: fc.nat(30), fails: fc.boolean(), pauses: fc.boolean() }),
  { minLength: 1, maxLength: 9 },
);

/** A tree of one supervisor of each strategy, on which steps rain down without waiting for each other. */
class Storm {
  readonly lab = new Lab();
  readonly #names = new Map(strategies.map((one) => [one, new ActorName<SupervisorMessage>(one)]));

  async start(
    habitsInTurn: readonly { startMs: number; endMs: number; fails: boolean; pauses: boolean }[],
  ): Promise<void> {
    let turn = 0;
    const children = supervisors.map(({ strategy, ids }): ChildSpec => {
      const name = this.#names.get(strategy);
      return {
        id: strategy,
        start: supervisor(
          {
            strategy,
            intensity: { maxRestarts: 100_000, windowMs: 1_000 },
            children: ids.map((id) => this.#child(id, habitsInTurn[turn++ % habitsInTurn.length]!)),
          },
          name === undefined ? {} : { name },
        ),
      };
    });
    const starting = this.lab.start({ intensity: { maxRestarts: 100_000, windowMs: 1_000 }, children });
    await this.lab.clock.advance(1_000);
    await starting;
  }

  #child(id: string, habit: { startMs: number; endMs: number; fails: boolean; pauses: boolean }): ChildSpec {
    const { clock } = this.lab;
    let starts = 0;
    const init = async () => {
      await delay(clock, habit.startMs);
      starts += 1;
      if (habit.fails && starts % 3 === 2) throw new Error('not this time');
    };
    const backoff = { backoff: { initialMs: 5, maxMs: 20 } };
    return this.lab.child(
      id,
      { shutdown: 20, ...(habit.pauses && backoff) },
      { init, terminate: () => delay(clock, habit.endMs) },
    );
  }

  async take(step: Step): Promise<void> {
    const { system, clock } = this.lab;
    switch (step.do) {
      case 'crash':
        this.lab.ref(step.id).cast({ type: 'throw', thrown: new Error('crash') });
        return;
      case 'kill':
        system.exit(this.lab.ref(step.id), 'kill');
        return;
      case 'suspend':
        if (this.lab.isAlive(step.id)) system.inspector.suspend(step.id);
        return;
      case 'killSupervisor':
        system.exit({ address: { node: system.node, name: step.strategy } }, 'kill');
        return;
      case 'terminateChild':
      case 'restartChild':
        this.#request(step.do, step.strategy, step.id);
        return;
      case 'advance':
        await clock.advance(step.ms);
    }
  }

  /** Does not wait; a supervisor that is killed meanwhile never answers, which is no news. */
  #request(type: 'terminateChild' | 'restartChild', strategy: Strategy, id: string): void {
    const name = this.#names.get(strategy);
    if (name === undefined) return;
    this.lab.system
      .ref(name)
      .call({ type, id }, 'infinity')
      .catch((thrown: unknown) => {
        expect(thrown).toMatchObject({ code: 'ACTOR_DOWN' });
      });
  }
}

function nodesOf(node: TreeNode): TreeNode[] {
  return [node, ...(node.children ?? []).flatMap(nodesOf)];
}

it('a tree heals from whatever happens at once: no orphan, no double, nothing stuck', async () => {
  await fc.assert(
    fc.asyncProperty(habits, fc.array(step, { maxLength: 40 }), async (habitsInTurn, steps) => {
      const storm = new Storm();
      const { system, clock, reasons } = storm.lab;
      await storm.start(habitsInTurn);
      for (const step of steps) await storm.take(step);
      await clock.advance(5_000);

      const tree = system.inspector.tree();
      const nodes = tree === null ? [] : nodesOf(tree);
      const running = nodes.filter(({ pid }) => pid !== null).map(({ pid }) => pid);
      expect(running.sort()).toEqual(
        system.inspector
          .list()
          .map(({ pid }) => pid)
          .sort(),
      );
      expect(nodes.every(({ phase }) => ['running', 'suspended', 'ended'].includes(phase))).toBe(true);
      const terminated = steps.some((one) => one.do === 'terminateChild');
      if (!terminated) expect(nodes.some(({ phase }) => phase === 'ended')).toBe(false);
      expect(reasons.filter((reason) => reason.startsWith('ACTOR_NAME'))).toEqual([]);

      const stopping = system.stop(10_000);
      await clock.advance(12_000);
      expect(await stopping).toEqual([]);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 150 },
  );
});
