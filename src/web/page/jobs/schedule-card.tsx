import { useState } from 'preact/hooks';
import { actOnSchedule, removeSchedule, scheduleHistory } from '../api/schedules.ts';
import { session } from '../api/session.ts';
import type { Firing, Schedule } from '../api/types.ts';
import { confirmed } from '../parts/confirm.tsx';
import { Failure } from '../parts/failure.tsx';
import { attempt, notify } from '../parts/notices.tsx';
import { when } from '../parts/numbers.ts';
import { useResource } from '../parts/resource.ts';
import { nameOf } from './job-kinds.ts';

interface ScheduleCardOptions {
  readonly schedule: Schedule;
  /** Told when something was done with it. */
  readonly onChange: () => void;
}

/** A schedule: when it fires next, what became of its last times. */
export function ScheduleCard({ schedule, onChange }: ScheduleCardOptions) {
  const { spec, state, nextAt, last } = schedule;
  return (
    <li class="card">
      <h3>
        {spec.name} <span class="state">{state === 'paused' ? 'paused' : spec.when}</span>
      </h3>
      <p class="figures">
        <span>{nameOf(spec.job.kind)}</span>
        {nextAt !== undefined && <span>next {when(nextAt)}</span>}
        <span>clocks of {spec.zone}</span>
      </p>
      {last !== undefined && <History name={spec.name} last={last} />}
      {session.value?.role === 'operator' && <Actions schedule={schedule} onChange={onChange} />}
    </li>
  );
}

function History({ name, last }: { readonly name: string; readonly last: Firing }) {
  const [isOpen, setOpen] = useState(false);
  // Another one when the schedule has fired, or what it began has come to something.
  const key = `${name} ${last.run} ${last.state}`;
  const { value: firings = [], error } = useResource((signal) => scheduleHistory(name, signal), {
    key: isOpen ? key : undefined,
  });
  return (
    <details
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>
        Last time: {when(last.at)}, <span class={kindOf(last)}>{last.state}</span>
      </summary>
      {error !== undefined && <Failure error={error} />}
      <ol class="happenings">
        {firings.map((firing) => (
          <li key={firing.run} class={kindOf(firing)}>
            <time>{when(firing.at)}</time> {firing.state}
            {firing.reason !== undefined && <span class="muted reason">: {firing.reason}</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}

function kindOf({ state }: Firing): string {
  if (state === 'done') return 'good';
  return state === 'failed' || state === 'lost' ? 'bad' : '';
}

function Actions({ schedule: { spec, state }, onChange }: ScheduleCardOptions) {
  const { name } = spec;
  const paused = state === 'paused';
  const act = (what: () => Promise<void>, done: string) =>
    attempt(async () => {
      await what();
      notify(`${name} ${done}.`);
      onChange();
    });
  const run = async () => {
    if (await confirmed(runQuestion(name))) await act(() => actOnSchedule(name, 'run'), 'was started');
  };
  const turn = () =>
    paused
      ? act(() => actOnSchedule(name, 'resume'), 'goes on')
      : act(() => actOnSchedule(name, 'pause'), 'is paused');
  const remove = async () => {
    if (await confirmed(removeQuestion(name))) await act(() => removeSchedule(name), 'is removed');
  };
  return (
    <div class="actions">
      <button type="button" onClick={() => void run()}>
        Run now<span class="unseen">: {name}</span>
      </button>
      <button type="button" class="quiet" onClick={() => void turn()}>
        {paused ? 'Resume' : 'Pause'}
        <span class="unseen"> {name}</span>
      </button>
      <button type="button" class="quiet danger" onClick={() => void remove()}>
        Remove<span class="unseen"> {name}</span>
      </button>
    </div>
  );
}

function runQuestion(name: string) {
  return {
    title: `Run ${name} now?`,
    text: 'It starts at once, also while it is paused; its next time stays as it is.',
    act: 'Run it',
  };
}

function removeQuestion(name: string) {
  return {
    title: `Remove ${name}?`,
    text: 'It fires no more, and what became of its last times is forgotten. A run that is under way goes on.',
    act: 'Remove it',
  };
}
