import { listSchedules } from '../api/schedules.ts';
import { session } from '../api/session.ts';
import { Failure } from '../parts/failure.tsx';
import { useResource } from '../parts/resource.ts';
import { AddSchedule } from './add-schedule.tsx';
import { ScheduleCard } from './schedule-card.tsx';

const everyMs = 5_000;

/** What starts by itself, and when. */
export function Schedules() {
  const { value: schedules, error, reload } = useResource(listSchedules, { key: 'schedules', everyMs });
  return (
    <section aria-labelledby="schedules">
      <h2 id="schedules">Schedules</h2>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {schedules?.length === 0 && <p class="muted">No run starts by itself yet.</p>}
      <ul class="jobs">
        {schedules?.map((schedule) => (
          <ScheduleCard key={schedule.spec.name} schedule={schedule} onChange={reload} />
        ))}
      </ul>
      {session.value?.role === 'operator' && <AddSchedule onAdded={reload} />}
    </section>
  );
}
