import type { BoltProgram } from '../../transport/topology-spec.ts';

/** What is started, and which task it is. */
export interface BoltPlace {
  readonly program: BoltProgram;
  /** Where the bundle is unpacked: the folder it is started in. */
  readonly folder: string;
  readonly topology: string;
  readonly component: string;
  /** Its number among the tasks of its component. */
  readonly index: number;
}
