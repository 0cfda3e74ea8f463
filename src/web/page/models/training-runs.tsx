import { Empty } from '../parts/empty.tsx';
import { Failure } from '../parts/failure.tsx';
import { JobCard } from '../jobs/job-card.tsx';
import { jobs, jobsError } from '../jobs/job-list.ts';

/** Runs that have made a model, or do. */
export function TrainingRuns() {
  const runs = jobs.value?.filter(({ id }) => id.startsWith('train-'));
  return (
    <section aria-labelledby="training">
      <h2 id="training">Training runs</h2>
      {jobsError.value !== undefined && <Failure error={jobsError.value} />}
      {runs?.length === 0 && (
        <Empty title="Nothing has been trained yet">
          <p>
            <code>npx cluster train --help</code> says how; each run is followed here, step by step.
          </p>
        </Empty>
      )}
      <ul class="jobs">
        {runs?.map((run) => (
          <JobCard key={run.id} run={run} />
        ))}
      </ul>
    </section>
  );
}
