import { assemble } from './assemble.ts';
import { calibrate } from './calibrate.ts';
import { compare } from './compare.ts';
import { conclude } from './conclude.ts';
import { describe } from './describe.ts';
import { exclude } from './exclude.ts';
import { forget } from './forget.ts';
import { join } from './join.ts';
import { learn } from './learn.ts';
import { related } from './related.ts';
import { report } from './report.ts';
import { rescore } from './rescore.ts';
import { start } from './start.ts';
import { statistics } from './statistics.ts';
import { tag } from './tag.ts';
import type { TaskHandler } from './task-context.ts';
import { warm } from './warm.ts';
import { whiten } from './whiten.ts';

export type { TaskContext, TaskHandler } from './task-context.ts';

/** Who carries out a task, by its kind. */
export const taskHandlers: Readonly<Record<string, TaskHandler>> = {
  assemble,
  calibrate,
  compare,
  conclude,
  describe,
  exclude,
  forget,
  join,
  learn,
  related,
  report,
  rescore,
  start,
  statistics,
  tag,
  warm,
  whiten,
};
