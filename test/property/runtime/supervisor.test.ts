import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  deleteChild,
  isAbnormal,
  renewChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
  type ChildRefusal,
  type ChildSpec,
  type Restart,
  type Strategy,
} from '../../../src/runtime/index.ts';
import { Lab, textOf } from '../../unit/runtime/lab.ts';
import { pauseMs, SupervisorModel, type ModelSpec } from './supervisor-model.ts';

const id = fc.constantFrom('a', 'b', 'c', 'd');
const spec = fc.record<ModelSpec>({
  id,
  restart: fc.constantFrom<Restart>('permanent', 'permanent', 'transient', 'temporary'),
  pauses: fc.boolean(),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('stop' as const),
      id,
      reason: fc.constantFrom('normal', 'shutdown'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('startChild' as const), spec }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('terminateChild' as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restartChild' as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renewChild' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteChild' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('break' as const), id, times: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 20, 50, 300, 1_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const windowMs = 1_000;
const setting = fc.record({
  strategy: fc.constantFrom<Strategy>('one_for_one', 'one_for_all', 'rest_for_one'),
  maxRestarts: fc.integer({ min: 0, max: 8 }),
  specs: fc.uniqueArray(spec, { selector: (one) => one.id, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 30 }),
});

/** The real supervisor, moved by the same steps as the model. */
class Real {
  readonly lab = new Lab();
  readonly #broken = new Map<string, number>();

  child({ id, restart, pauses }: ModelSpec): ChildSpec {
    const init = () => {
      const broken = this.#broken.get(id) ?? 0;
      this.#broken.set(id, Math.max(0, broken - 1));
      if (broken === 0) return;
      this.lab.journal.push(`!${id}`);
      throw new Error('broken');
    };
    const backoff = { backoff: { initialMs: pauseMs, maxMs: pauseMs } };
    return this.lab.child(id, { restart, ...(pauses && backoff) }, { init, terminate: () => undefined });
  }

  async take(step: Step): Promise<string> {
    const { lab } = this;
    switch (step.do) {
      case 'crash':
        await lab.crash(step.id);
        return 'ok';
      case 'kill':
        await lab.kill(step.id);
        return 'ok';
      case 'stop':
        await lab.tell(step.id, { type: 'stop', reason: step.reason === 'normal' ? 'normal' : 'shutdown' });
        return 'ok';
      case 'break':
        this.#broken.set(step.id, step.times);
        return 'ok';
      case 'advance':
        await lab.clock.advance(step.ms);
        return 'ok';
      case 'startChild':
        return outcome(await startChild(lab.root, this.child(step.spec)));
      case 'terminateChild':
        return outcome(await terminateChild(lab.root, step.id));
      case 'restartChild':
        return outcome(await restartChild(lab.root, step.id));
      case 'renewChild':
        return outcome(await renewChild(lab.root, step.id));
      case 'deleteChild':
        return outcome(await deleteChild(lab.root, step.id));
    }
  }

  async view(): Promise<{ id: string; alive: boolean; restarting: boolean }[]> {
    const children = await whichChildren(this.lab.root);
    return children.map(({ id, pid, restarting }) => ({ id, alive: pid !== null, restarting }));
  }
}

function outcome(result: { readonly ok: true } | ChildRefusal): string {
  return result.ok ? 'ok' : result.error;
}

function takeInModel(model: SupervisorModel, step: Step): string {
  switch (step.do) {
    case 'crash':
      model.exit(step.id, true, 'INTERNAL');
      return 'ok';
    case 'kill':
      model.exit(step.id, isAbnormal('killed'), undefined);
      return 'ok';
    case 'stop':
      model.exit(step.id, false, step.reason);
      return 'ok';
    case 'break':
      model.breakStarts(step.id, step.times);
      return 'ok';
    case 'advance':
      model.advance(step.ms);
      return 'ok';
    case 'startChild':
      return model.startChild(step.spec);
    case 'terminateChild':
      return model.terminateChild(step.id);
    case 'restartChild':
      return model.restartChild(step.id);
    case 'renewChild':
      return model.renewChild(step.id);
    case 'deleteChild':
      return model.deleteChild(step.id);
  }
}

it('a supervisor does what its model does, whatever happens to its children', async () => {
  await fc.assert(
    fc.asyncProperty(setting, async ({ strategy, maxRestarts, specs, steps }) => {
      const model = new SupervisorModel(strategy, maxRestarts, windowMs, specs);
      const real = new Real();
      const children = specs.map((one) => real.child(one));
      await real.lab.start({ strategy, intensity: { maxRestarts, windowMs }, children });
      for (const step of steps) {
        const expected = takeInModel(model, step);
        const result = await real.take(step);
        await real.lab.clock.settle();
        expect(result).toBe(expected);
        expect(real.lab.journal).toEqual(model.journal);
        expect(real.lab.isAlive('root')).toBe(model.alive);
        if (!model.alive) break;
        expect(await real.view()).toEqual(model.view);
      }
      expect(await real.lab.system.stop(10_000)).toEqual([]);
      expect(real.lab.clock.pending).toBe(0);
      if (model.alive) expect(textOf(await real.lab.system.ended)).toBe('shutdown');
    }),
    { numRuns: 500 },
  );
});
