import type { ActorName, ActorRef } from './address.ts';
import { LocalRef } from './local-ref.ts';
import type { Host } from './process.ts';
import { RemoteRef } from './remote-ref.ts';

/** A reference by name to an actor of this node or another. */
export function refOf<Message>(host: Host, { name }: ActorName<Message>, node: string): ActorRef<Message> {
  return node === host.node
    ? new LocalRef<Message>(host, name)
    : new RemoteRef<Message>(host, { node, name });
}
