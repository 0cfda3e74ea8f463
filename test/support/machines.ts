import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A machine of a test: a network namespace with an address of its own and nothing else. */
export interface Machine {
  readonly address: string;
  /** What a command line begins with to run there. */
  readonly within: readonly string[];
  /** Pulls its cable (`false`), or puts it back: nobody is told of it. */
  readonly plug: (plugged: boolean) => Promise<void>;
}

/** Machines on one network, which nothing else is on. */
export interface Machines {
  readonly machines: readonly Machine[];
  /** Takes the network away; what runs there must have ended. */
  remove(): Promise<void>;
}

/** Why this machine cannot have such machines, `undefined` if it can. */
export const machinesObstacle = await obstacle();

/**
 * Makes machines with the addresses 10.77.0.1, 10.77.0.2 …, each with loopback and one cable to a switch.
 * @param own - `reached`: this process is on the network as well, as 10.77.0.250
 */
export async function makeMachines(count: number, own?: 'reached'): Promise<Machines> {
  const prefix = `autotag-${String(process.pid)}`;
  const bridge = `${prefix}-switch`;
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1)}`);
  const ownCable = `at${String(process.pid)}`;
  const remove = async () => {
    if (own !== undefined) await run('ip', ['link', 'del', ownCable]).catch(() => undefined);
    for (const name of [...names, bridge]) await run('ip', ['netns', 'del', name]).catch(() => undefined);
  };
  try {
    await addNamespace(bridge);
    await ip(bridge, 'link add name br0 type bridge');
    await ip(bridge, 'link set br0 up');
    if (own !== undefined) {
      await ip(bridge, `link add own type veth peer name ${ownCable} netns ${String(process.pid)}`);
      await ip(bridge, 'link set own master br0 up');
      await run('ip', ['addr', 'add', `${addressOf(249)}/24`, 'dev', ownCable]);
      await run('ip', ['link', 'set', ownCable, 'up']);
    }
    for (const [index, name] of names.entries()) {
      const port = `port${String(index + 1)}`;
      await addNamespace(name);
      await ip(name, `link add eth0 type veth peer name ${port} netns ${bridge}`);
      await ip(name, `addr add ${addressOf(index)}/24 dev eth0`);
      await ip(name, 'link set eth0 up');
      await ip(bridge, `link set ${port} master br0 up`);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  const machines = names.map((name, index) => ({
    address: addressOf(index),
    within: ['ip', 'netns', 'exec', name],
    plug: (plugged: boolean) => ip(bridge, `link set port${String(index + 1)} ${plugged ? 'up' : 'down'}`),
  }));
  return { machines, remove };
}

function addressOf(index: number): string {
  return `10.77.0.${String(index + 1)}`;
}

async function addNamespace(name: string): Promise<void> {
  await run('ip', ['netns', 'add', name]);
  await ip(name, 'link set lo up');
}

async function ip(namespace: string, command: string): Promise<void> {
  await run('ip', ['-netns', namespace, ...command.split(' ')]);
}

async function obstacle(): Promise<string | undefined> {
  try {
    await (await makeMachines(1)).remove();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}
