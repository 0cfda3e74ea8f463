import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Activations, activationBefore, type Activation } from '../../src/transport/activations.ts';
import { Connection } from '../../src/transport/connection.ts';
import { startNats, type TestNats } from '../support/nats.ts';

let nats: TestNats;
let connection: Connection;
let activations: Activations;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  activations = await Activations.open(connection);
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

/** The id of a made-up model. */
const model = (name: string) => name.padEnd(64, '0');

test('activations are numbered, remembered in their order, and survive the server', async () => {
  expect(await activations.current()).toBeUndefined();
  expect(await activations.history()).toEqual([]);
  for (const name of ['a', 'b', 'a']) await activations.activate(model(name));
  await activations.activate(model('b'), 2);
  const expected = [
    { number: 1, model: model('a') },
    { number: 2, model: model('b') },
    { number: 3, model: model('a') },
    { number: 4, model: model('b'), restores: 2 },
  ];
  expect(await activations.history()).toEqual(expected);
  expect(await activations.current()).toEqual(expected[3]);
  await nats.kill();
  await nats.start();
  await connection.untilConnected(10_000);
  expect(await activations.history()).toEqual(expected);
});

test('only the last 64 are remembered, and the last of them can still be rolled back', async () => {
  for (let number = 1; number <= 70; number++) await activations.activate(model(String(number)));
  const history = await activations.history();
  expect(history.map(({ number }) => number)).toEqual(Array.from({ length: 64 }, (_, index) => index + 7));
  expect(activationBefore(history)).toEqual({ number: 69, model: model('69') });
});

test('a rollback undoes the last activation that is not undone, like an editor', () => {
  const commands = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constant('back')), { maxLength: 30 });
  fc.assert(
    fc.property(commands, (given) => {
      const history: Activation[] = [];
      // What is not undone, the one in force last.
      const stack: string[] = [];
      for (const command of given) {
        const number = history.length + 1;
        if (command !== 'back') {
          history.push({ number, model: model(command) });
          stack.push(model(command));
        } else if (stack.length < 2) {
          expect(() => activationBefore(history)).toThrow('There is no activation before');
        } else {
          const before = activationBefore(history);
          history.push({ number, model: before.model, restores: before.number });
          stack.pop();
        }
        expect(history.at(-1)?.model).toBe(stack.at(-1));
      }
    }),
    { numRuns: 300 },
  );
});
