import { beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { external, terminateChild, type ChildSpec, type ExternalChild } from '../../../src/runtime/index.ts';
import { gate, Lab, Puppet } from './lab.ts';

let lab: Lab;
let puppets: Puppet[];
beforeEach(() => {
  lab = new Lab();
  puppets = [];
});

function child(spec: Partial<ChildSpec> = {}, prepare: () => unknown = () => undefined): ChildSpec {
  const start = external(
    async () => {
      await prepare();
      const puppet = new Puppet();
      puppets.push(puppet);
      return puppet;
    },
    { name: lab.name('server') },
  );
  return { id: 'server', start, ...spec };
}

describe('an external child', () => {
  it.each([
    [
      'ends normally',
      (puppet: Puppet) => {
        puppet.end('normal');
      },
    ],
    [
      'fails',
      (puppet: Puppet) => {
        puppet.end(new Fault('NATS_START', { reason: 'code 1' }));
      },
    ],
    [
      'loses its promise',
      (puppet: Puppet) => {
        puppet.fail(new Error('gone'));
      },
    ],
  ])('is restarted when it %s', async (_how, act) => {
    await lab.start({ children: [child()] });
    const before = lab.pid('server');
    act(puppets[0]!);
    await lab.clock.settle();
    expect(puppets).toHaveLength(2);
    expect(lab.pid('server')).not.toBe(before);
  });

  it('is not restarted before it has really ended', async () => {
    await lab.start({ children: [child({ restart: 'permanent' })] });
    await lab.kill('server');
    expect([puppets.length, puppets[0]!.calls]).toEqual([1, ['kill']]);
    puppets[0]!.end(new Fault('NATS_START', { reason: 'signal 9' }));
    await lab.clock.settle();
    expect(puppets).toHaveLength(2);
  });

  it('is told to stop with its time, and killed after it', async () => {
    await lab.start({ children: [child({ shutdown: 2_000 })] });
    const terminated = terminateChild(lab.root, 'server');
    await lab.clock.advance(1_999);
    expect(puppets[0]!.calls).toEqual(['stop shutdown 2000']);
    await lab.clock.advance(1);
    expect(puppets[0]!.calls).toEqual(['stop shutdown 2000', 'kill']);
    puppets[0]!.end('normal');
    expect(await terminated).toEqual({ ok: true });
    expect(puppets).toHaveLength(1);
  });

  it('that obeys has shut down, not failed', async () => {
    await lab.start({ children: [child()] });
    const down = lab.system.whenDown(lab.ref('server'));
    const stopping = lab.system.stop(60_000);
    await lab.clock.settle();
    puppets[0]!.end('normal');
    expect(await stopping).toEqual([]);
    expect(await down).toBe('shutdown');
    expect(lab.logged).toEqual([]);
  });

  it('is killed at once when its stop fails', async () => {
    const handle: ExternalChild = {
      exited: gate().promise.then(() => 'normal'),
      stop: () => Promise.reject(new Error('no answer')),
      kill: () => {
        lab.journal.push('kill');
      },
    };
    await lab.start({ children: [{ id: 'x', start: external(() => handle), shutdown: 'infinity' }] });
    void lab.system.stop(60_000);
    await lab.clock.settle();
    expect(lab.news()).toEqual(['kill']);
  });

  it('that does not start fails the start, as an actor does', async () => {
    const failing = child({}, () => {
      throw new Fault('NATS_MISSING');
    });
    expect(await lab.system.start({ children: [failing] })).toMatchObject({
      fault: { code: 'NATS_MISSING' },
    });
  });

  it('that comes too late is killed', async () => {
    const { promise, open } = gate();
    const starting = lab.system.start({ children: [child({}, () => promise)] });
    await lab.clock.settle();
    await lab.kill('root');
    expect((await starting).ok).toBe(false);
    open();
    await lab.clock.settle();
    expect(puppets[0]!.calls).toEqual(['kill']);
  });

  it('is killed with its supervisor', async () => {
    await lab.start({ children: [child()] });
    await lab.kill('root');
    expect(puppets[0]!.calls).toEqual(['kill']);
  });

  it('takes no messages', async () => {
    await lab.start({ children: [child()] });
    lab.ref('server').cast({ type: 'note', text: 'x' });
    expect(lab.system.deadLetters().count).toBe(1);
    expect(lab.ref('server').trySend({ type: 'note', text: 'x' })).toMatchObject({ code: 'MAILBOX_FULL' });
  });

  it('is shown by inspection, which cannot suspend it', async () => {
    await lab.start({ children: [child()] });
    const { inspector } = lab.system;
    expect(inspector.status('server')).toMatchObject({ kind: 'external', child: 'server', mailbox: null });
    expect(inspector.state('server')).toBeNull();
    for (const act of [
      () => {
        inspector.suspend('server');
      },
      () => {
        inspector.resume('server');
      },
      () => {
        inspector.trace('server');
      },
      () => inspector.traced('server'),
    ])
      expect(act).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});
