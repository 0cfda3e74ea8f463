import { beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import type {
  ActorRef,
  Addressed,
  Behaviour,
  Context,
  ExitReason,
  ExitSignal,
  MonitorId,
} from '../../../src/runtime/index.ts';
import { gate, Lab, textOf } from './lab.ts';

type Act = (context: Context<Act>) => unknown;

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

/** An actor that does what it is told with its context, and writes down signals as `id<type reason`. */
async function puppet(id: string, trapExit = false): Promise<ActorRef<Act>> {
  const behaviour: Behaviour<null, Act> = {
    kind: 'puppet',
    trapExit,
    init: () => null,
    async receive(state, act, context) {
      await act(context);
      return state;
    },
    signal(state, signal) {
      lab.journal.push(`${id}<${signal.type} ${textOf(signal.reason)}`);
      return state;
    },
  };
  const started = await lab.system.spawn(behaviour, undefined);
  if (!started.ok) throw started.fault;
  void lab.system.whenDown(started.ref).then((reason) => lab.journal.push(`-${id} ${textOf(reason)}`));
  return started.ref;
}

async function tell(ref: ActorRef<Act>, act: Act): Promise<void> {
  ref.cast(act);
  await lab.clock.settle();
}

const crash: Act = () => {
  throw new Fault('QUEUE_FULL');
};
const link = (other: Addressed) => (context: Context<Act>) => {
  context.link(other);
};
const exit = (other: Addressed, reason: ExitSignal) => (context: Context<Act>) => {
  context.exit(other, reason);
};

describe('a link', () => {
  it.each<[ExitReason, string[]]>([
    ['normal', ['-a normal']],
    ['shutdown', ['-a shutdown', '-b shutdown']],
    [{ shutdown: 'drained' }, ['-a shutdown(drained)', '-b shutdown(drained)']],
    ['killed', ['-a killed', '-b killed']],
    [new Fault('QUEUE_FULL'), ['-a QUEUE_FULL', '-b QUEUE_FULL']],
  ])('takes the other along unless the reason is normal: %s', async (reason, expected) => {
    const [a, b] = [await puppet('a'), await puppet('b')];
    await tell(a, link(b));
    await tell(a, (context) => {
      context.stop(reason);
    });
    expect(lab.news()).toEqual(expected);
  });

  it.each<ExitReason>(['normal', 'shutdown', 'killed', new Fault('QUEUE_FULL')])(
    'tells one that traps exits: %s',
    async (reason) => {
      const [a, b] = [await puppet('a'), await puppet('b', true)];
      await tell(b, link(a));
      await tell(a, (context) => {
        context.stop(reason);
      });
      expect(lab.news().sort()).toEqual([`-a ${textOf(reason)}`, `b<exit ${textOf(reason)}`]);
    },
  );

  it('works both ways, and along a chain', async () => {
    const [a, b, c] = [await puppet('a'), await puppet('b'), await puppet('c')];
    await tell(a, link(b));
    await tell(b, link(c));
    await tell(c, crash);
    expect(lab.news().sort()).toEqual(['-a QUEUE_FULL', '-b QUEUE_FULL', '-c QUEUE_FULL']);
  });

  it('holds in a chain too long for the stack', async () => {
    const chain: ActorRef<Act>[] = [];
    for (let n = 0; n < 8_000; n += 1) chain.push(await puppet('x'));
    for (const [n, ref] of chain.entries()) if (n > 0) ref.cast(link(chain[n - 1]!));
    await lab.clock.settle();
    chain.at(-1)!.cast(crash);
    const first = await lab.system.whenDown(chain[0]!);
    expect(textOf(first)).toBe('QUEUE_FULL');
  });

  it('to nobody is an exit with noproc', async () => {
    const [a, b, c] = [await puppet('a'), await puppet('b', true), await puppet('c')];
    await tell(c, (context) => {
      context.stop();
    });
    await tell(a, link(c));
    await tell(b, link(c));
    expect(lab.news()).toEqual(['-c normal', '-a noproc', 'b<exit noproc']);
  });

  it('is gone after unlink, with a signal of it that waits', async () => {
    const [a, b, c] = [await puppet('a'), await puppet('b', true), await puppet('c')];
    await tell(b, link(a));
    await tell(c, link(b));
    const { promise, open } = gate();
    b.cast(async (context) => {
      await promise;
      context.unlink(a);
    });
    await tell(a, crash);
    open();
    await lab.clock.settle();
    expect(lab.news()).toEqual(['-a QUEUE_FULL']);
    await tell(c, (context) => {
      context.unlink(b);
    });
    await tell(c, crash);
    expect(lab.news()).toEqual(['-c QUEUE_FULL']);
  });
});

describe('an exit signal', () => {
  it.each<[ExitSignal, string[]]>([
    ['normal', []],
    ['shutdown', ['-b shutdown']],
    ['kill', ['-b killed']],
    ['killed', ['-b killed']],
    [new Fault('QUEUE_FULL'), ['-b QUEUE_FULL']],
  ])('ends the other unless it is normal: %s', async (reason, expected) => {
    const [a, b] = [await puppet('a'), await puppet('b')];
    await tell(a, exit(b, reason));
    expect(lab.news()).toEqual(expected);
  });

  it.each<[ExitSignal, string[]]>([
    ['normal', ['b<exit normal']],
    ['shutdown', ['b<exit shutdown']],
    ['killed', ['b<exit killed']],
    ['kill', ['-b killed']],
  ])('can be trapped, all but kill: %s', async (reason, expected) => {
    const [a, b] = [await puppet('a'), await puppet('b', true)];
    await tell(a, exit(b, reason));
    expect(lab.news()).toEqual(expected);
  });

  it('waits for the message at hand where there is something to clean up', async () => {
    const ref = await lab.spawn('a', { terminate: () => undefined });
    const { promise, open } = gate();
    await lab.tell('a', { type: 'await', gate: promise });
    lab.system.exit(ref, 'shutdown');
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a']);
    open();
    await lab.clock.settle();
    expect(lab.news()).toEqual(['-a shutdown']);
  });

  it('does not wait where there is nothing to clean up', async () => {
    const ref = await lab.spawn('a');
    await lab.tell('a', { type: 'await', gate: gate().promise });
    lab.system.exit(ref, 'shutdown');
    await lab.clock.settle();
    expect(lab.isAlive('a')).toBe(false);
  });

  it('runs terminate with killed when a linked actor was killed', async () => {
    const a = await puppet('a');
    const b = await lab.spawn('b', { terminate: () => undefined });
    await tell(a, link(b));
    lab.system.exit(a, 'kill');
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+b', '-a killed', '-b killed']);
  });
});

describe('a monitor', () => {
  it('tells once, one way only', async () => {
    const [a, b] = [await puppet('a'), await puppet('b')];
    await tell(a, (context) => context.monitor(b));
    await tell(a, (context) => context.monitor(b));
    await tell(b, crash);
    expect(lab.news().sort()).toEqual(['-b QUEUE_FULL', 'a<down QUEUE_FULL', 'a<down QUEUE_FULL']);
    await tell(a, crash);
    expect(lab.news()).toEqual(['-a QUEUE_FULL']);
  });

  it('of nobody tells noproc', async () => {
    const [a, b] = [await puppet('a'), await puppet('b')];
    await tell(b, crash);
    lab.news();
    await tell(a, (context) => context.monitor(b));
    expect(lab.news()).toEqual(['a<down noproc']);
  });

  it('leaves nothing behind when the one who asked has ended', async () => {
    const [a, b] = [await puppet('a'), await lab.spawn('b')];
    await tell(a, (context) => context.monitor(b));
    expect(lab.system.inspector.status('b').watchers).toBe(1);
    lab.system.exit(a, 'kill');
    await lab.clock.settle();
    expect(lab.system.inspector.status('b').watchers).toBe(0);
  });

  it('is gone after demonitor, with a signal of it that waits', async () => {
    const [a, b] = [await puppet('a'), await puppet('b')];
    let first: MonitorId = 0;
    await tell(a, (context) => {
      first = context.monitor(b);
    });
    const { promise, open } = gate();
    a.cast(async (context) => {
      await promise;
      context.demonitor(first);
    });
    await tell(b, crash);
    open();
    await lab.clock.settle();
    expect(lab.news()).toEqual(['-b QUEUE_FULL']);
  });
});

describe('spawn', () => {
  it('starts an actor that stands alone, or one that ends with its spawner', async () => {
    const a = await puppet('a');
    await tell(a, async (context) => {
      await context.spawn(lab.subject('alone'), undefined, { name: lab.name('alone') });
      await context.spawn(lab.subject('linked'), undefined, { name: lab.name('linked'), link: true });
    });
    expect([lab.isAlive('alone'), lab.isAlive('linked')]).toEqual([true, true]);
    await tell(a, (context) => {
      context.stop();
    });
    expect([lab.isAlive('alone'), lab.isAlive('linked')]).toEqual([true, false]);
  });

  it('takes a linked spawner along when the actor fails', async () => {
    const a = await puppet('a');
    await tell(a, (context) =>
      context.spawn(lab.subject('linked'), undefined, { name: lab.name('linked'), link: true }),
    );
    await lab.crash('linked');
    expect(lab.news()).toEqual(['+linked', '-a INTERNAL']);
  });

  it('leaves the spawner alone when a start fails', async () => {
    const a = await puppet('a', true);
    const failing = lab.subject('linked', {
      init: () => {
        throw new Fault('QUEUE_FULL');
      },
    });
    await tell(a, async (context) => {
      const result = await context.spawn(failing, undefined, { link: true });
      lab.journal.push(String(result.ok));
    });
    expect(lab.news()).toEqual(['false']);
  });

  it('leaves the spawner alone when the actor is killed before it runs', async () => {
    const a = await puppet('a');
    const endless = lab.subject('linked', { init: () => gate().promise });
    await tell(a, async (context) => {
      const starting = context.spawn(endless, undefined, { name: lab.name('linked'), link: true });
      context.exit(context.ref(lab.name('linked')), 'kill');
      lab.journal.push(String((await starting).ok));
    });
    expect(lab.news()).toEqual(['false']);
  });

  it('links for good: neither can take the link back', async () => {
    const a = await puppet('a');
    await tell(a, async (context) => {
      await context.spawn(lab.subject('linked'), undefined, { name: lab.name('linked'), link: true });
      context.unlink(context.ref(lab.name('linked')));
    });
    await tell(a, crash);
    expect(lab.isAlive('linked')).toBe(false);
  });

  it('is refused to an actor that has ended in the meantime', async () => {
    const a = await puppet('a');
    const { promise, open } = gate();
    const results: boolean[] = [];
    await tell(a, async (context) => {
      await promise;
      const result = await context.spawn(lab.subject('orphan'), undefined, { link: true });
      results.push(result.ok);
    });
    lab.system.exit(a, 'kill');
    await lab.clock.settle();
    open();
    await lab.clock.settle();
    expect(results).toEqual([false]);
  });
});
