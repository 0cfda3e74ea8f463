import { exchanges } from '../../transport/payloads.ts';
import { callerOf, type ApiContext } from '../api-context.ts';
import { answers } from '../schemas.ts';

const params = exchanges.scheduleShow.request;
const tags = ['schedules'];
/** A thousand schedules are read one by one. */
const listTimeoutMs = 30_000;

const weekly = {
  name: 'weekly',
  when: 'every week',
  start: '2026-11-29T04:00',
  zone: 'Europe/Berlin',
  job: { kind: 'rescore' },
};

/** What the cluster does by itself, and when. */
export function scheduleRoutes(context: ApiContext): void {
  const { app, gateway } = context;
  const config = { role: 'viewer' } as const;
  app.get(
    '/schedules',
    {
      config,
      schema: {
        tags,
        summary: 'Lists the schedules: when they fire next, what became of the last time',
        response: answers(exchanges.scheduleList.reply),
      },
    },
    () => gateway().ask('scheduleList', {}, {}, { timeoutMs: listTimeoutMs }),
  );
  app.get(
    '/schedules/:name',
    {
      config,
      schema: {
        tags,
        summary: 'A schedule, and what became of its last 100 times',
        params,
        response: answers(exchanges.scheduleShow.reply),
      },
    },
    ({ params: which }) => gateway().ask('scheduleShow', {}, which),
  );
  addRoute(context);
  actRoutes(context);
}

function addRoute({ app, gateway }: ApiContext): void {
  app.post(
    '/schedules',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Adds a schedule',
        body: exchanges.scheduleAdd.request.meta({ examples: [weekly] }),
        response: answers(exchanges.scheduleAdd.reply, 201),
      },
    },
    async (request, reply) => {
      const added = await gateway().ask('scheduleAdd', {}, request.body, { by: callerOf(request) });
      return reply.code(201).send(added);
    },
  );
}

function actRoutes({ app, gateway }: ApiContext): void {
  const config = { role: 'operator' } as const;
  for (const { act, exchange, summary } of stateActs)
    app.post(
      `/schedules/:name/${act}`,
      { config, schema: { tags, summary, params, response: answers(exchanges[exchange].reply) } },
      (request) => gateway().ask(exchange, {}, request.params, { by: callerOf(request) }),
    );
  app.post(
    '/schedules/:name/run',
    {
      config,
      schema: {
        tags,
        summary: 'Fires a schedule now, also a paused one',
        params,
        response: answers(exchanges.scheduleRun.reply, 202),
      },
    },
    async (request, reply) => {
      const firing = await gateway().ask('scheduleRun', {}, request.params, { by: callerOf(request) });
      return reply.code(202).send(firing);
    },
  );
  app.delete(
    '/schedules/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Removes a schedule; a run of it that is under way goes on',
        params,
        response: answers(exchanges.scheduleRemove.reply),
      },
    },
    (request) => gateway().ask('scheduleRemove', {}, request.params, { by: callerOf(request) }),
  );
}

const stateActs = [
  { act: 'pause', exchange: 'schedulePause', summary: 'Lets a schedule fire no more until it is resumed' },
  {
    act: 'resume',
    exchange: 'scheduleResume',
    summary: 'Lets a schedule fire again; what came meanwhile is not made up for',
  },
] as const;
