import type { Departure, NodeRecord } from '../transport/cluster-records.ts';
import type { Revised } from '../transport/json-bucket.ts';

/** A node of the cluster, as others see it. */
export interface Member extends Omit<NodeRecord, 'left' | 'leftBefore'> {
  readonly name: string;
  /** `alive`, or how it left. */
  readonly state: 'alive' | Departure['how'];
  /** How it left, or did before it came again. */
  readonly departure: Departure | undefined;
  /** Of its record. */
  readonly revision: number;
}

/** What has happened to a member. */
export interface MemberChange {
  /** It joined; it left, and said so; it was not heard of any more. */
  readonly change: 'join' | 'leave' | 'lost';
  readonly member: Member;
}

/** Who leads, and under which term. */
export interface Leader {
  readonly node: string;
  readonly term: number;
}

/** What this node knows of its cluster: kept while KV is away, as it was then. */
export class ClusterView {
  /** The leader that this node has last seen, `undefined` before it has seen any. */
  leader: Leader | undefined;
  readonly #members = new Map<string, Member>();

  /** By name, those that are gone included. */
  get members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Those that are not gone. */
  get alive(): readonly Member[] {
    return this.members.filter(({ state }) => state === 'alive');
  }

  find(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** Takes in what a node's record says; tells what has changed by that. */
  update(name: string, { value, revision }: Revised<NodeRecord>): readonly MemberChange[] {
    const before = this.#members.get(name);
    if (before !== undefined && before.revision >= revision) return [];
    const { left, leftBefore, ...facts } = value;
    const member: Member = {
      ...facts,
      name,
      state: left?.how ?? 'alive',
      departure: left ?? leftBefore,
      revision,
    };
    this.#members.set(name, member);
    return changes(before, member);
  }
}

function changes(before: Member | undefined, now: Member): MemberChange[] {
  const was = before?.state === 'alive' ? before : undefined;
  if (now.state !== 'alive')
    return was === undefined ? [] : [{ change: now.state === 'lost' ? 'lost' : 'leave', member: now }];
  if (was === undefined) return [{ change: 'join', member: now }];
  if (was.incarnation === now.incarnation) return [];
  // A process in the place of one that was killed.
  return [
    { change: 'lost', member: { ...was, state: 'lost' } },
    { change: 'join', member: now },
  ];
}
