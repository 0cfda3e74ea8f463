/** What the file of a topology imports as `autotag/topology`. */
export { all, fields, program, shuffle, topology } from './cluster/topology/builder.ts';
export type { BoltOptions, ComponentOptions, Input, ProgramOptions } from './cluster/topology/builder.ts';
