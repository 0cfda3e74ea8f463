import { actOnSchedule, listSchedules } from '../api/jobs.ts';
import { session } from '../api/session.ts';
import type { Schedule } from '../api/types.ts';
import { attempt, notify } from '../parts/notices.tsx';
import { when } from '../parts/numbers.ts';
import { useResource } from '../parts/resource.ts';

const everyMs = 15_000;

/** What starts by itself, and when. */
export function Schedules() {
  const mayAct = session.value?.role === 'operator';
  const { value: schedules, reload } = useResource(listSchedules, {
    key: mayAct ? 'schedules' : undefined,
    everyMs,
  });
  if (schedules === undefined) return null;
  return (
    <section aria-labelledby="schedules">
      <h2 id="schedules">Schedules</h2>
      {schedules.length === 0 && (
        <p class="muted">
          None. <code>npx cluster schedule add</code> has runs start by themselves.
        </p>
      )}
      <ul class="jobs">
        {schedules.map((schedule) => (
          <ScheduleCard key={schedule.spec.name} schedule={schedule} onDone={reload} />
        ))}
      </ul>
    </section>
  );
}

interface ScheduleCardOptions {
  readonly schedule: Schedule;
  readonly onDone: () => void;
}

function ScheduleCard({ schedule, onDone }: ScheduleCardOptions) {
  const {
    spec: { name, when: rule, zone },
    state,
    nextAt,
    last,
  } = schedule;
  const paused = state === 'paused';
  const act = (what: 'run' | 'pause' | 'resume', done: string) =>
    void attempt(async () => {
      await actOnSchedule(schedule, what);
      notify(`${name} ${done}.`);
      onDone();
    });
  return (
    <li class="card">
      <h3>
        {name} <span class="state">{paused ? 'paused' : rule}</span>
      </h3>
      <p class="figures">
        {nextAt !== undefined && <span>next {when(nextAt)}</span>}
        <span>{zone}</span>
        {last !== undefined && (
          <span>
            last {when(last.at)}: {last.reason ?? last.state}
          </span>
        )}
      </p>
      <div class="actions">
        <button
          type="button"
          onClick={() => {
            act('run', 'was started');
          }}
        >
          Run now<span class="unseen">: {name}</span>
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            if (paused) act('resume', 'goes on');
            else act('pause', 'is paused');
          }}
        >
          {paused ? 'Resume' : 'Pause'}
          <span class="unseen"> {name}</span>
        </button>
      </div>
    </li>
  );
}
