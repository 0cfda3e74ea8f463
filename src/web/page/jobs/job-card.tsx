import { cancelJob, pauseJob, resumeJob } from '../api/jobs.ts';
import { session } from '../api/session.ts';
import type { Run } from '../api/types.ts';
import { confirmed } from '../parts/confirm.tsx';
import { attempt } from '../parts/notices.tsx';
import { count, duration, quantity, when } from '../parts/numbers.ts';
import { JobDetail } from './job-detail.tsx';
import { JobFailures } from './job-failures.tsx';
import { nameOf } from './job-kinds.ts';
import { jobSeen, paceOf } from './job-list.ts';

/** Runs that say which photos they have no tags for. */
const kindsWithFailures: ReadonlySet<string> = new Set(['tag', 'rescore']);

/** A run: how far it is, or what it came to. */
export function JobCard({ run }: { readonly run: Run }) {
  const { id, state, step, startedAt, updatedAt, fault, detail } = run;
  const [kind = ''] = id.split('-', 1);
  const isRunning = state === 'running';
  const mayAct = session.value?.role === 'operator';
  return (
    <li class="card" data-state={state}>
      <h3>
        {nameOf(kind)} <span class="state">{isRunning ? (step ?? 'starting') : state}</span>
      </h3>
      {isRunning && <Progress run={run} />}
      {fault !== undefined && <p class="bad reason">{fault.message}</p>}
      <p class="figures">
        <span>{when(startedAt)}</span>
        {!isRunning && <span>took {duration(updatedAt - startedAt)}</span>}
        <span>{id}</span>
      </p>
      {detail !== undefined && detail !== null && <JobDetail detail={detail} />}
      {mayAct && kindsWithFailures.has(kind) && <JobFailures run={run} />}
      {mayAct && state !== 'done' && (
        <div class="actions">
          {isRunning ? (
            <>
              <Act name="Pause" id={id} onAct={() => pause(run)} />
              <Act name="Cancel" id={id} onAct={() => cancel(run)} />
            </>
          ) : (
            <Act name="Resume" id={id} onAct={() => resume(run)} />
          )}
        </div>
      )}
    </li>
  );
}

interface ActOptions {
  readonly name: string;
  readonly id: string;
  readonly onAct: () => Promise<void>;
}

function Act({ name, id, onAct }: ActOptions) {
  return (
    <button type="button" onClick={() => void onAct()}>
      {name}
      <span class="unseen"> {id}</span>
    </button>
  );
}

function Progress({ run }: { readonly run: Run }) {
  const { progress, step = 'Progress', id } = run;
  if (progress === undefined) return <progress aria-label={`${step} of ${id}`} />;
  const { done, total } = progress;
  const { rate, secondsLeft } = paceOf(run) ?? {};
  return (
    <>
      <progress
        aria-label={`${step} of ${id}`}
        {...(total > 0 ? { value: Math.min(done, total), max: total } : {})}
      />
      <p class="figures">
        <span>{total > 0 ? `${count(done)} of ${count(total)}` : count(done)}</span>
        {rate !== undefined && <span>{quantity(rate)}/s</span>}
        {secondsLeft !== undefined && <span>{duration(secondsLeft * 1000)} left</span>}
      </p>
    </>
  );
}

async function cancel(run: Run): Promise<void> {
  const isSure = await confirmed({
    title: 'Cancel this run?',
    text: 'It stops where it is. What it has done is kept, and it can be resumed.',
    act: 'Cancel the run',
  });
  if (!isSure) return;
  await attempt(async () => {
    jobSeen(await cancelJob(run));
  });
}

async function pause(run: Run): Promise<void> {
  await attempt(async () => {
    jobSeen(await pauseJob(run));
  });
}

async function resume(run: Run): Promise<void> {
  await attempt(async () => {
    jobSeen(await resumeJob(run));
  });
}
