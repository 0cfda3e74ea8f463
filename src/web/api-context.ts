import type { ApiRole } from '../transport/api-token.ts';
import type { Access, Principal } from './access.ts';
import type { App } from './fastify-app.ts';
import type { Gateway } from './gateway.ts';
import type { UploadBudget } from './upload-budget.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may ask; without it an operator alone. */
    role?: ApiRole | 'anyone';
  }
  interface FastifyRequest {
    /** Who asks; set before a handler runs, unless anyone may. */
    principal: Principal | null;
  }
}

/** What routes work with. */
export interface ApiContext {
  /** Where they are added. */
  readonly app: App;
  readonly access: Access;
  /** @throws Fault `NATS_UNREACHABLE` while the cluster cannot be reached */
  readonly gateway: () => Gateway;
  readonly uploads: UploadBudget;
  readonly maxPhotoBytes: number;
  /** Hosts that photos may be fetched from; without any, none are. */
  readonly fetchHosts: readonly string[];
}

/** Whom an audit log shall name for what a request asks for. */
export function callerOf({
  principal,
  ip,
}: {
  readonly principal: Principal | null;
  readonly ip: string;
}): string {
  return `${principal?.name ?? 'anyone'} by HTTP from ${ip}`;
}
