import type { Command } from 'commander';
import { Fault } from '../base/errors.ts';
import { checkPhotoId } from '../base/ids.ts';
import { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { request } from '../transport/requests.ts';
import { writeWhole } from '../transport/whole-file.ts';
import type { Cli } from './cli.ts';
import { clientCommand, type ClientOptions } from './command.ts';
import { withConnection } from './connect.ts';
import { untilInterrupted } from './errors.ts';
import { summaries } from './summaries.ts';

interface ThumbnailOptions extends ClientOptions {
  readonly out: string;
}

/** `cluster thumbnail`: a photo's small picture, as a file. */
export function thumbnailCommand(cli: Cli): Command {
  return clientCommand('thumbnail', summaries.thumbnail, 'cluster thumbnail holiday-17 --out holiday-17.webp')
    .argument('<id>', 'id of the photo')
    .requiredOption('--out <file>', 'a file that is not there yet')
    .action(async (id: string, options: ThumbnailOptions) => {
      checkPhotoId(id);
      const asking = withConnection(options, 'submitter', (connection) =>
        request(connection, 'thumbnail', {}, { id }),
      );
      const { thumbnail } = await untilInterrupted(cli.interrupted, asking);
      if (thumbnail === undefined) throw new Fault('THUMBNAIL_MISSING', { id });
      const { bytes, type, etag } = thumbnail;
      await writeWhole(options.out, [bytes], { existing: 'refuse' });
      const written = { id, file: options.out, bytes: bytes.length, type, etag };
      const text = `Wrote the thumbnail of ${printable(id)} to ${printable(options.out)}, ${String(bytes.length)} bytes.`;
      await new Output(cli, options.json === true).result(written, text);
    });
}
