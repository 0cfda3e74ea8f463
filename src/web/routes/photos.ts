import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { attributes } from '../../transport/bolt-tuple.ts';
import { correction, shownTag } from '../../transport/correction-payloads.ts';
import { deadLetter, exchanges, photoResult } from '../../transport/payloads.ts';
import { callerOf, type ApiContext } from '../api-context.ts';
import { sendFault, statusOf } from '../http-faults.ts';
import { failureOf, takeIn, type IntakeOptions, type PhotoOutcome } from '../photo-intake.ts';
import { limitUpload, uploadedPhotos } from '../photo-upload.ts';
import { fetchPhoto } from '../remote-photo.ts';
import { answers, errorAnswer, errorBody, flag } from '../schemas.ts';

const photoParams = z.object({ id: z.string().describe('Id of the photo, percent-encoded') });
const query = z.object({
  wait: flag.describe('Whether to wait for the tags, up to a minute'),
  again: flag.describe('Takes a photo although the same was sent within the last two minutes'),
});
const outcome = z.union([
  z.object({
    id: z.string(),
    file: z.string(),
    state: z.literal('stored'),
    duplicate: z.boolean().describe('Whether it was there already, and is not tagged another time'),
  }),
  ...photoResult.options,
  z.object({ file: z.string(), error: errorBody }),
]);
const intake = {
  200: z.object({ photos: z.array(outcome) }).describe('Tagged'),
  202: z.object({ photos: z.array(outcome) }).describe('Stored, and to be tagged'),
  default: errorAnswer.extend({ photos: z.array(outcome).optional() }).describe('None was stored'),
};
const multipart = z.object({
  id: z.string().optional().describe('Id of the file behind it; the SHA-256 of its bytes by default'),
  owner: z
    .string()
    .optional()
    .describe('Whose the files behind it are, until another one is named: `owner:NAME` finds them'),
  file: z
    .string()
    .describe('A photo: JPEG, PNG, WebP, GIF, TIFF or AVIF; may be repeated')
    .meta({ format: 'binary' }),
});
const remotePhoto = z.object({
  url: z.url().max(4096),
  id: z.string().optional(),
  owner: z.string().optional().describe('Whose it is: `owner:NAME` finds it'),
});

const photo = z.object({
  id: z.string(),
  file: z.string().optional(),
  owner: exchanges.photo.reply.shape.owner,
  model: z.string().optional(),
  taggedAt: exchanges.photo.reply.shape.taggedAt.describe('ms since the epoch'),
  tags: z.array(shownTag).optional(),
  corrections: z.array(correction).optional(),
  attributes: attributes.optional(),
  deadLetters: z.array(deadLetter),
});
const forgetTimeoutMs = 60_000;

/** Photos: sent in, looked at, forgotten. */
export function photoRoutes(context: ApiContext): void {
  const { app, gateway } = context;
  intakeRoutes(context);
  app.get(
    '/photos/:id',
    {
      config: { role: 'viewer' },
      schema: { tags: ['photos'], summary: 'Tags of a photo', params: photoParams, response: answers(photo) },
    },
    async ({ params: { id } }) => {
      const { result, owner, taggedAt, dead } = await gateway().ask('photo', {}, { id });
      if (result === undefined && dead.length === 0) throw new Fault('NOT_FOUND', { what: 'photo', id });
      return { ...result, id, owner, taggedAt, deadLetters: dead };
    },
  );
  app.delete(
    '/photos/:id',
    {
      config: { role: 'operator' },
      schema: {
        tags: ['photos'],
        summary: 'Forgets a photo: tags, features, dead letters',
        params: photoParams,
        response: answers(z.object({ stored: z.int(), features: z.int(), deadLetters: z.int() })),
      },
    },
    (request) =>
      gateway().ask('forget', {}, request.params, { by: callerOf(request), timeoutMs: forgetTimeoutMs }),
  );
}

function intakeRoutes(context: ApiContext): void {
  const { app } = context;
  app.post(
    '/photos',
    {
      config: { role: 'submitter', multipart },
      schema: {
        tags: ['photos'],
        summary: 'Sends photos to be tagged',
        querystring: query,
        response: intake,
      },
    },
    async (request, reply) => {
      const options = { ...request.query, gone: goneOf(reply) };
      const outcomes = await withinLimit(request, () => upload(context, request, options));
      return answer(reply, outcomes, options);
    },
  );
  app.post(
    '/photos/from-url',
    {
      config: { role: 'submitter' },
      schema: {
        tags: ['photos'],
        summary: 'Fetches a photo from one of the hosts that the node may fetch from, to be tagged',
        querystring: query,
        body: remotePhoto,
        response: intake,
      },
    },
    async (request, reply) => {
      const options = { ...request.query, gone: goneOf(reply) };
      return answer(reply, [await fromUrl(context, request.body, options)], options);
    },
  );
}

/** Fetches a photo and takes it in; room for the largest is taken, since its size is not known. */
async function fromUrl(
  { gateway, uploads, maxPhotoBytes, fetchHosts }: ApiContext,
  { url, ...named }: z.output<typeof remotePhoto>,
  options: IntakeOptions,
): Promise<PhotoOutcome> {
  const full = uploads.take(maxPhotoBytes);
  if (full !== undefined) throw full;
  const limits = { hosts: fetchHosts, maxBytes: maxPhotoBytes, signal: options.gone };
  const taken = fetchPhoto(new URL(url), limits).then((bytes) =>
    takeIn(gateway(), { file: url, ...named, bytes }, options),
  );
  const sent = taken.then((photo) => photo.sent);
  void sent
    .catch(() => undefined)
    .then(() => {
      uploads.give(maxPhotoBytes);
    });
  return await (
    await taken
  ).outcome;
}

/** Takes in the photos of a request while the next ones come. */
async function upload(
  { gateway, uploads: budget, maxPhotoBytes }: ApiContext,
  request: FastifyRequest,
  options: IntakeOptions,
): Promise<PhotoOutcome[]> {
  const cluster = gateway();
  const outcomes: Promise<PhotoOutcome>[] = [];
  for await (const photo of uploadedPhotos(request, { maxPhotoBytes, budget })) {
    if ('fault' in photo) {
      outcomes.push(Promise.resolve(failureOf(photo.file, photo.fault)));
      continue;
    }
    const { length } = photo.bytes;
    const { sent, outcome } = takeIn(cluster, photo, options);
    void sent.then(() => {
      budget.give(length);
    });
    outcomes.push(outcome);
  }
  return await Promise.all(outcomes);
}

/** If no photo was stored, the status is that of the first one's fault. */
function answer(reply: FastifyReply, photos: readonly PhotoOutcome[], { wait }: IntakeOptions): FastifyReply {
  const [first] = photos;
  if (first === undefined) throw new Fault('REQUEST_INVALID', { reason: 'it holds no photo' });
  const isRefused = photos.every((photo) => 'error' in photo && !('id' in photo));
  if (!isRefused || !('error' in first)) return reply.code(wait ? 200 : 202).send({ photos });
  const fault = Fault.fromWire(first.error);
  return sendFault(reply, fault, statusOf(fault), { photos });
}

/** Does `work`, which reads the request, and gives up when that has sent too much. */
function withinLimit<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = limitUpload(request, reject);
    work().then(resolve, reject).finally(end);
  });
}

/** Aborted when whoever asks is not there any more to be answered. */
function goneOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    gone.abort();
  });
  return gone.signal;
}
