import { addSchedule } from '../api/schedules.ts';
import type { NewSchedule } from '../api/types.ts';
import { attempt, notify } from '../parts/notices.tsx';
import { when } from '../parts/numbers.ts';

const dayMs = 86_400_000;

/** What can be begun without a file, in the words of the form. */
const jobs: Readonly<Record<string, NewSchedule['job']>> = {
  'Score photos of earlier models again': { kind: 'rescore', which: 'stale' },
  'Score all photos again': { kind: 'rescore', which: 'all' },
  'Train the latest model on with what people have corrected': {
    kind: 'train',
    corrections: true,
    update: 'latest',
    activate: true,
  },
  'Remove dead letters and runs of over 90 days, models but the last 5': {
    kind: 'prune',
    deadAfterMs: 90 * dayMs,
    runsAfterMs: 90 * dayMs,
    keepModels: 5,
  },
};

/** Has a run start by itself from now on; with files to read, `cluster schedule add` does. */
export function AddSchedule({ onAdded }: { readonly onAdded: () => void }) {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    await attempt(async () => {
      const { spec, nextAt } = await addSchedule(scheduleOf(new FormData(form)));
      notify(`${spec.name} fires next ${nextAt === undefined ? 'when it is resumed' : when(nextAt)}.`);
      form.reset();
      onAdded();
    });
  };
  return (
    <details class="card">
      <summary>Add a schedule</summary>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <label>
          Name
          <input name="name" required maxLength={32} pattern="[a-z][a-z0-9\-]*" placeholder="weekly" />
        </label>
        <label>
          What
          <select name="job">
            {Object.keys(jobs).map((job) => (
              <option key={job}>{job}</option>
            ))}
          </select>
        </label>
        <label>
          When
          <input name="when" required maxLength={256} placeholder="every week, or 30 2 * * *" />
        </label>
        <label>
          Clocks of
          <input name="zone" required maxLength={64} defaultValue={ownZone()} />
        </label>
        <label>
          Counted from (now, if empty)
          <input name="start" type="datetime-local" />
        </label>
        <button type="submit" class="primary">
          Add
        </button>
      </form>
    </details>
  );
}

/** That of the browser. */
function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function scheduleOf(form: FormData): NewSchedule {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
  const start = text('start');
  return {
    name: text('name'),
    when: text('when'),
    zone: text('zone'),
    ...(start === '' ? {} : { start }),
    job: jobs[text('job')] ?? { kind: 'rescore' },
  };
}
