import { activateModel, reportAddress } from '../api/models.ts';
import { session } from '../api/session.ts';
import type { Model } from '../api/types.ts';
import { confirmed } from '../parts/confirm.tsx';
import { attempt, notify } from '../parts/notices.tsx';
import { bytes, count, fraction, shortId, when } from '../parts/numbers.ts';

interface ModelCardOptions {
  readonly model: Model;
  readonly isActive: boolean;
  readonly isChosen: boolean;
  readonly mayCompare: boolean;
  readonly onChoose: () => void;
  readonly onActivated: () => void;
}

/** A model: where it comes from, how well it does, and what can be done with it. */
export function ModelCard(options: ModelCardOptions) {
  const { model, isActive, isChosen, mayCompare, onChoose, onActivated } = options;
  const { id, kind, description, blocks, publishedAt, documents, evaluation } = model;
  const classes = blocks.reduce((sum, block) => sum + block.classes, 0);
  const name = shortId(id);
  return (
    <li class="card" data-active={isActive}>
      <h2>
        <code>{name}</code> {isActive && <span class="badge">in use</span>}
      </h2>
      <p>{description}</p>
      <p class="figures">
        <span>{kind}</span>
        <span>{count(classes)} classes</span>
        {evaluation !== undefined && <span>{count(evaluation.judgedClasses)} judged</span>}
        <span>{blocks.map(({ extractor }) => extractor).join(', ')}</span>
        <span>{bytes(model.bytes)}</span>
        <span>{when(publishedAt)}</span>
      </p>
      <Evaluation evaluation={evaluation} />
      <div class="actions">
        {mayCompare && (
          <label class="check">
            <input type="checkbox" checked={isChosen} onChange={onChoose} />
            Compare<span class="unseen"> {name}</span>
          </label>
        )}
        {documents.report !== undefined && (
          <a href={reportAddress(model)} target="_blank" rel="noreferrer">
            Report<span class="unseen"> of {name}, in a new tab</span>
          </a>
        )}
        {!isActive && session.value?.role === 'operator' && (
          <button type="button" onClick={() => void activate(model, onActivated)}>
            Put in use<span class="unseen">: {name}</span>
          </button>
        )}
      </div>
    </li>
  );
}

function Evaluation({ evaluation }: Pick<Model, 'evaluation'>) {
  if (evaluation === undefined) return <p class="muted">Not evaluated.</p>;
  const { meanAveragePrecision, precision, recall, calibrationError } = evaluation;
  const figures: readonly (readonly [string, string])[] = [
    ['mAP', fraction(meanAveragePrecision)],
    ['Precision', fraction(precision)],
    ['Recall', fraction(recall)],
    ['Calibration error', fraction(calibrationError)],
  ];
  return (
    <dl class="metrics">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

async function activate(model: Model, onActivated: () => void): Promise<void> {
  const name = shortId(model.id);
  const isSure = await confirmed({
    title: `Put model ${name} in use?`,
    text: 'Every node loads it, and tags all photos with it from then on. It is refused if it is worse than the one in use. Rolling back takes a moment.',
    act: 'Put in use',
  });
  if (!isSure) return;
  await attempt(async () => {
    await activateModel(model);
    notify(`Model ${name} is in use.`);
    onActivated();
  });
}
