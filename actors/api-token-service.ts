import { endpoint } from '../src/cluster/service.ts';
import type { Endpoint } from '../src/cluster/service.ts';
import type { ApiTokens } from '../src/transport/api-tokens.ts';

/** Tokens of the HTTP API: made, listed, removed. */
export function apiTokenService(tokens: ApiTokens): readonly Endpoint[] {
  return [
    endpoint('tokenAdd', {}, (wish) => tokens.add(wish)),
    endpoint('tokenList', {}, async () => ({ tokens: [...(await tokens.list())] }), { unaudited: true }),
    endpoint('tokenRemove', {}, ({ name }) => tokens.remove(name)),
  ];
}
