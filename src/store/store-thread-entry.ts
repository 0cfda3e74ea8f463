import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { SqlDatabase, storeFault } from './database.ts';
import { migrate } from './migrations.ts';
import { stopRequest } from './store-messages.ts';
import type { Calls, Handlers, StoreRequest, StoreResponse, StoreThreadData } from './store-messages.ts';
import { TagReader } from './tag-reader.ts';
import type { ReaderCalls } from './tag-reader.ts';
import { TagWriter } from './tag-writer.ts';
import type { WriterCalls } from './tag-writer.ts';
import { ThumbnailTable, thumbnailSchema } from './thumbnail-table.ts';
import type { ThumbnailCalls } from './thumbnail-table.ts';

// The thread that owns one connection: SQLite's calls block it and nothing else.
const { role, database: options, ending } = workerData as StoreThreadData;
const mustEnd = new Int32Array(ending);
if (parentPort !== null) start(parentPort);

function start(port: MessagePort): void {
  answer(port, 0, () => {
    const database = new SqlDatabase(options);
    switch (role) {
      case 'writer':
        migrate(database, options.file);
        serve<WriterCalls>(port, database, new TagWriter(database));
        break;
      case 'reader':
        serve<ReaderCalls>(port, database, new TagReader(database));
        break;
      case 'thumbnails':
        migrate(database, options.file, thumbnailSchema);
        serve<ThumbnailCalls>(port, database, new ThumbnailTable(database));
        break;
    }
  });
}

function serve<C extends Calls<C>>(port: MessagePort, database: SqlDatabase, handlers: Handlers<C>): void {
  port.on('message', (request: StoreRequest<C> | typeof stopRequest) => {
    if (request !== stopRequest && Atomics.load(mustEnd, 0) === 0) {
      answer(port, request.id, () => handlers[request.name](...request.args));
      return;
    }
    port.removeAllListeners('message');
    database.close();
    port.close();
  });
}

function answer(port: MessagePort, id: number, work: () => unknown): void {
  let response: StoreResponse;
  try {
    response = { id, ok: true, value: work() };
  } catch (thrown) {
    response = { id, ok: false, fault: storeFault(thrown, options.file).toWire() };
  }
  port.postMessage(response);
}
