import { startRescoring } from '../api/jobs.ts';
import { session } from '../api/session.ts';
import { Empty } from '../parts/empty.tsx';
import { Failure } from '../parts/failure.tsx';
import { attempt, notify } from '../parts/notices.tsx';
import { JobCard } from './job-card.tsx';
import { jobs, jobsError, jobSeen, loadJobs } from './job-list.ts';
import { Schedules } from './schedules.tsx';

/** Runs of the cluster, how far they are, and when the next ones start. */
export function JobsView() {
  return (
    <>
      <h1>Jobs</h1>
      {session.value?.role === 'operator' && <StartRescoring />}
      {jobsError.value !== undefined && <Failure error={jobsError.value} retry={() => void loadJobs()} />}
      {jobs.value?.length === 0 && (
        <Empty title="Nothing has been run yet">
          <p>
            Train with <code>npx cluster train</code>, tag files with <code>npx cluster tag</code>, or score
            stored photos again with a new model; each run is followed here.
          </p>
        </Empty>
      )}
      <ul class="jobs">
        {jobs.value?.map((run) => (
          <JobCard key={run.id} run={run} />
        ))}
      </ul>
      <Schedules />
    </>
  );
}

function StartRescoring() {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const which = new FormData(event.currentTarget as HTMLFormElement).get('which');
    await attempt(async () => {
      jobSeen(await startRescoring(which === 'all' ? 'all' : 'stale'));
      notify('Photos are scored again.');
    });
  };
  return (
    <form class="card inline" onSubmit={(event) => void submit(event)}>
      <label>
        Score again{' '}
        <select name="which">
          <option value="stale">photos of earlier models</option>
          <option value="all">all photos</option>
        </select>
      </label>
      <button type="submit" class="primary">
        Start
      </button>
      <p class="muted">By stored features: no photo is decoded again, and search works meanwhile.</p>
    </form>
  );
}
