import fc from 'fast-check';
import { it } from 'vitest';
import { expect } from 'vitest';
import { Queue } from '../../../src/runtime/queue.ts';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), value: fc.integer() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('shift' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

it('a queue does what an array does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new Queue<number>();
      let model: number[] = [];
      const even = (value: number) => value % 2 === 0;
      for (const step of steps) {
        if (step.do === 'push') {
          queue.push(step.value);
          model.push(step.value);
        } else if (step.do === 'shift') {
          expect(queue.shift()).toBe(model.shift());
        } else if (step.do === 'remove') {
          queue.remove(even);
          model = model.filter((value) => !even(value));
        } else {
          queue.clear();
          model = [];
        }
        expect(queue.length).toBe(model.length);
        expect([...queue]).toEqual(model);
      }
    }),
  );
});
