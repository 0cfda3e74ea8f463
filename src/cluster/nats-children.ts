import { Fault } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { withResolver } from '../base/promise-resolver.ts';
import type { StartExternal } from '../runtime/index.ts';
import { shareCredentials, withdrawCredentials } from '../transport/credentials.ts';
import { openNodeLink } from '../transport/node-link.ts';
import type { NodeLink, NodeLinkOptions } from '../transport/node-link.ts';
import { DiskGuard } from '../transport/server/disk-guard.ts';
import { NatsServer } from '../transport/server/nats-server.ts';
import type { NatsServerOptions } from '../transport/server/nats-server.ts';

/** How often the age of a certificate is looked at. */
const renewalMs = 12 * 3_600_000;

/** The embedded nats-server as a child; `onStart` is told of each one. */
export function natsServerChild(
  options: NatsServerOptions,
  log: Log,
  onStart: (server: NatsServer) => void,
): StartExternal {
  return async () => {
    const server = await NatsServer.start(options);
    const operator = { user: 'operator', pass: server.passwords.operator };
    const invitation = server.invitation('operator');
    await shareCredentials(server.url, operator, invitation).catch((error: unknown) => {
      log.warn({ fault: Fault.from(error).toWire() }, 'commands will need credentials in their URL');
    });
    const renewal = setInterval(() => {
      server.renew().catch((error: unknown) => {
        log.warn({ fault: Fault.from(error).toWire() }, 'the certificate of nats-server was not renewed');
      });
    }, renewalMs);
    void server.exited.then(() => {
      clearInterval(renewal);
    });
    log.info({ url: server.url, pid: server.pid, adopted: server.adopted }, 'nats-server runs');
    onStart(server);
    let told = false;
    return {
      exited: server.exited.then(({ code, signal }) =>
        // Told to end, it ends with code 1.
        told
          ? 'normal'
          : new Fault('NATS_START', { reason: `it ended with ${signal ?? `code ${String(code)}`}` }),
      ),
      stop: async (_reason, timeoutMs) => {
        told = true;
        await withdrawCredentials(server.url, operator, invitation);
        await server.stop(timeoutMs);
      },
      kill: () => {
        server.kill();
      },
      describe: () => ({ pid: server.pid, url: server.url, adopted: server.adopted }),
    };
  };
}

/** The node's link to NATS as a child: it reconnects by itself, and ends only if that is hopeless. */
export function linkChild(options: () => NodeLinkOptions, onOpen: (link: NodeLink) => void): StartExternal {
  return async () => {
    const link = await openNodeLink(options());
    onOpen(link);
    const { connection } = link;
    return {
      exited: connection.closed.then((fault) => fault ?? 'normal'),
      stop: () => connection.drain(),
      kill: () => connection.close(),
      describe: () => ({
        url: connection.url,
        connected: connection.connected,
        server: connection.serverVersion,
      }),
    };
  };
}

/** The guard of the disk that holds the queue, as a child. */
export function diskGuardChild(
  { queue }: NodeLink,
  { folder, reserveBytes, queueBytes }: { folder: string; reserveBytes: number; queueBytes: number },
  log: Log,
): StartExternal {
  return () => {
    const { promise: exited, resolve: end } = withResolver<'normal'>();
    const guard = new DiskGuard({
      folder,
      reserveBytes,
      queueBytes,
      limit: (maxBytes) => queue.limit(maxBytes),
      onChange: (low, freeBytes) => {
        log.warn(
          { low, freeBytes },
          low ? 'photos are refused: the disk is almost full' : 'photos are taken again',
        );
      },
      onTrouble: (reason) => {
        log.debug({ reason }, 'the disk was not looked at');
      },
    });
    const stop = () => {
      guard.stop();
      end('normal');
    };
    return { exited, stop, kill: stop, describe: () => ({ low: guard.low }) };
  };
}
