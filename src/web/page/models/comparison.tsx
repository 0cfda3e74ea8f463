import { useEffect, useRef } from 'preact/hooks';
import { compareModels } from '../api/models.ts';
import type { Model, ModelDiff } from '../api/types.ts';
import { Failure } from '../parts/failure.tsx';
import { count, fraction, shortId } from '../parts/numbers.ts';
import { useResource } from '../parts/resource.ts';

interface ComparisonOptions {
  readonly before: Model;
  readonly after: Model;
}

const classesShown = 12;

/** What the classes of a model have gained and lost against an earlier one. */
export function Comparison({ before, after }: ComparisonOptions) {
  const { value, error, loading } = useResource((signal) => compareModels(before.id, after.id, signal), {
    key: `${before.id} ${after.id}`,
  });
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    section.current?.scrollIntoView({ block: 'nearest' });
  }, [value]);
  return (
    <section ref={section} class="card" aria-labelledby="comparison" aria-busy={loading}>
      <h2 id="comparison">
        From <code>{shortId(before.id)}</code> to <code>{shortId(after.id)}</code>
      </h2>
      {error !== undefined && <Failure error={error} />}
      {value !== undefined && <Difference diff={value} />}
    </section>
  );
}

function Difference({ diff: { common, gained, lost, added, removed } }: { readonly diff: ModelDiff }) {
  return (
    <>
      <p>
        Mean average precision over the {count(common.classes)} classes of both: {fraction(common.before)} →{' '}
        <strong>{fraction(common.after)}</strong> ({signed(common.change ?? 0)}). {count(gained.length)}{' '}
        gained, {count(lost.length)} lost, {count(added.length)} are new, {count(removed.length)} are gone.
      </p>
      <div class="columns">
        <Changes title="Gained most" changes={gained} />
        <Changes title="Lost most" changes={lost} />
      </div>
    </>
  );
}

interface ChangesOptions {
  readonly title: string;
  readonly changes: ModelDiff['gained'];
}

function Changes({ title, changes }: ChangesOptions) {
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {changes.slice(0, classesShown).map(({ name, before, after, change }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{fraction(before)}</td>
            <td>{fraction(after)}</td>
            <td class={change < 0 ? 'bad' : 'good'}>{signed(change)}</td>
          </tr>
        ))}
        {changes.length === 0 && (
          <tr>
            <td colSpan={4} class="muted">
              None
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function signed(change: number): string {
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(3)}`;
}
