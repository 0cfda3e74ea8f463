import { mkdir, stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Fault, reasonOf } from '../../base/errors.ts';

const answerTimeoutMs = 2_000;

/**
 * One process at a time owns a data folder: two nats-servers on one store start without complaint and damage it.
 *
 * The lock is a socket named after the folder's device and inode, which the kernel closes with its process, however that
 * ends; who comes second asks it for the owner's process id. On Linux the name is abstract, without a file; elsewhere a
 * file is left behind by a killed owner, and refuses connections. Processes with separate network namespaces do not see
 * each other's locks: containers must not share a data folder.
 */
export class DataFolderLock {
  /** The locked folder, absolute. */
  readonly folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.#server = server;
  }

  /**
   * Creates the folder if needed, and locks it.
   * @throws Fault `DATA_LOCKED`, `DATA_FOLDER`
   */
  static async acquire(folder: string): Promise<DataFolderLock> {
    const path = resolve(folder);
    const address = await addressOf(path);
    for (;;) {
      const server = await listen(address);
      if (server !== undefined) return new DataFolderLock(path, server);
      const pid = await ownerOf(address);
      if (pid !== undefined) throw new Fault('DATA_LOCKED', { pid, folder: path });
      if (!address.startsWith('\0')) await unlink(address).catch(() => undefined);
    }
  }

  /** Lets another process have the folder. */
  async release(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function addressOf(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    const { dev, ino } = await stat(folder, { bigint: true });
    const name = `autotag-${String(dev)}-${String(ino)}`;
    return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
  } catch (error) {
    throw new Fault('DATA_FOLDER', { folder, reason: reasonOf(error) }, error);
  }
}

/** A server on the address, or `undefined` if another has it. */
function listen(address: string): Promise<Server | undefined> {
  const server = createServer((asker) => {
    asker.on('error', () => asker.destroy());
    asker.end(String(process.pid));
  });
  // The lock alone keeps no process running.
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new Fault('DATA_FOLDER', { folder: address, reason: error.message }, error));
    });
    server.listen(address, () => {
      resolve(server);
    });
  });
}

/** Process id of whoever has the address, `undefined` if nobody has it any more. */
function ownerOf(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(address);
    // A stopped owner (SIGSTOP) does not answer, and is still the owner.
    socket.setTimeout(answerTimeoutMs, () => {
      socket.destroy();
      resolve('that does not answer');
    });
    socket.on('data', (data) => (said += data.toString()));
    socket.on('end', () => {
      resolve(said);
    });
    socket.on('error', () => {
      resolve(undefined);
    });
  });
}
