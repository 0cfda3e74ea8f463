import { useState } from 'preact/hooks';
import { listFailures } from '../api/jobs.ts';
import type { FailurePage, Run } from '../api/types.ts';
import { Failure } from '../parts/failure.tsx';
import { useResource } from '../parts/resource.ts';

/** What a run has no tags for, and why; asked for when it is opened. */
export function JobFailures({ run: { id, updatedAt } }: { readonly run: Run }) {
  const [isOpen, setOpen] = useState(false);
  const [after, setAfter] = useState(0);
  const key = isOpen ? `${String(updatedAt)} ${String(after)}` : undefined;
  const { value, error, reload } = useResource((signal) => listFailures(id, after, signal), { key });
  return (
    <details
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>
        Without tags<span class="unseen"> of {id}</span>
      </summary>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {value !== undefined && <Failures page={value} onMore={setAfter} />}
    </details>
  );
}

interface FailuresOptions {
  readonly page: FailurePage;
  readonly onMore: (after: number) => void;
}

function Failures({ page: { failures, next }, onMore }: FailuresOptions) {
  if (failures.length === 0) return <p class="muted">None: all have been tagged.</p>;
  return (
    <>
      <dl class="facts">
        {failures.map(({ id, file, line, message }, index) => (
          <div key={index}>
            <dt>{id ?? (line === undefined ? file : `${file ?? ''}:${String(line)}`)}</dt>
            <dd>{message}</dd>
          </div>
        ))}
      </dl>
      {next !== undefined && (
        <button
          type="button"
          onClick={() => {
            onMore(next);
          }}
        >
          Next ones
        </button>
      )}
    </>
  );
}
