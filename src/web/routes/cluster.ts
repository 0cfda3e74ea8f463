import { z } from 'zod';
import { exchanges, nodeName } from '../../transport/payloads.ts';
import { callerOf, type ApiContext } from '../api-context.ts';
import { answers } from '../schemas.ts';

const params = z.object({ node: nodeName });
const tags = ['cluster'];
const node = z.looseObject({ name: z.string(), state: z.string() });
const overview = z.object({
  leader: z.string().optional(),
  nodes: z
    .array(node)
    .describe('Those that are gone included; what a node says of itself is added to what others know'),
  status: exchanges.status.reply
    .optional()
    .describe('Queue, model and counts, while the node with the store is there'),
  topologies: exchanges.topologyList.reply.shape.topologies,
});

/** The cluster and its nodes. */
export function clusterRoutes({ app, gateway }: ApiContext): void {
  app.get(
    '/cluster',
    {
      config: { role: 'viewer' },
      schema: { tags, summary: 'Nodes, queue, model, topologies', response: answers(overview) },
    },
    () => gateway().overview.get(),
  );
  app.get(
    '/cluster/nodes/:node/tree',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Supervision tree of a node',
        params,
        response: answers(z.object({ tree: z.unknown() })),
      },
    },
    async ({ params: { node: name } }) => {
      await gateway().checkNode(name);
      const { value } = await gateway().ask('inspect', { node: name, verb: 'tree' }, {});
      return { tree: value };
    },
  );
  app.post(
    '/cluster/nodes/:node/kill',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Kills an actor; its supervisor restarts it',
        params,
        body: z.object({ pid: exchanges.control.request.shape.actor.unwrap().describe('Name or pid') }),
        response: answers(z.object({ done: z.unknown() })),
      },
    },
    async (request) => {
      const { params: where, body } = request;
      await gateway().checkNode(where.node);
      const tokens = { node: where.node, verb: 'kill' };
      const { value } = await gateway().ask(
        'control',
        tokens,
        { actor: body.pid },
        { by: callerOf(request) },
      );
      return { done: value };
    },
  );
}
