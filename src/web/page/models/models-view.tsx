import { useState } from 'preact/hooks';
import { listModels } from '../api/models.ts';
import { Empty } from '../parts/empty.tsx';
import { Failure } from '../parts/failure.tsx';
import { useResource } from '../parts/resource.ts';
import { Comparison } from './comparison.tsx';
import { ModelCard } from './model-card.tsx';
import { RollBackButton } from './roll-back.tsx';
import { TrainingRuns } from './training-runs.tsx';

const everyMs = 10_000;
const comparedAtOnce = 2;

/** The models of the cluster, what they were judged at, and the runs that made them. */
export function ModelsView() {
  const { value, error, reload } = useResource(listModels, { key: 'models', everyMs });
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const toggle = (id: string) => {
    const rest = chosen.filter((other) => other !== id);
    setChosen(rest.length < chosen.length ? rest : [...chosen, id].slice(-comparedAtOnce));
  };
  const models = [...(value?.models ?? [])].reverse();
  const [before, after] = models.filter(({ id }) => chosen.includes(id)).reverse();
  return (
    <>
      <h1>Models</h1>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {value !== undefined && models.length === 0 && (
        <Empty title="No model has been published yet">
          <p>
            The cluster tags with its starter model. To train your own:{' '}
            <code>npx cluster train --folders DIR</code>, with a folder of photos for each class.
          </p>
        </Empty>
      )}
      <ul class="models">
        {models.map((model) => (
          <ModelCard
            key={model.id}
            model={model}
            isActive={value?.active?.model === model.id}
            isChosen={chosen.includes(model.id)}
            mayCompare={models.length >= comparedAtOnce}
            onChoose={() => {
              toggle(model.id);
            }}
            onActivated={reload}
          />
        ))}
      </ul>
      {models.length > 1 && <RollBackButton onDone={reload} />}
      {before !== undefined && after !== undefined && <Comparison before={before} after={after} />}
      <TrainingRuns />
    </>
  );
}
